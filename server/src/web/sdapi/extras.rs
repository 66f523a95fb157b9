//! `POST /sdapi/v1/extra-single-image` and `extra-batch-images`: images enlarged without a network.

use app::api::ApiError;
use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::config::{FieldError, Upscaler};
use engine::grid::Picture;
use engine::upscale::{cover, upscale};
use serde_json::{Value, json};

use super::body::{Object, Received, filled, flag, number, object, text};
use super::error::{Answer, ApiFault};
use super::image::decoded;
use crate::studio::decoded as image_decoded;
use crate::web::Web;

/// Every field with A1111's default.
const DEFAULTS: &str = include_str!("extras.json");

/// Pixels of a side that is made.
const MAX_SIDE: i64 = 8192;

/// Images of one call.
const MAX_IMAGES: usize = 256;

/// Networks that are not here; their share must be 0.
const CANNOT: [(&str, &str); 3] = [
    ("gfpgan_visibility", "there is no face restoration; give 0"),
    ("codeformer_visibility", "there is no face restoration; give 0"),
    ("extras_upscaler_2_visibility", "there is one upscaler at a time; give 0"),
];

/// `{"image": base64, …}` gives 200 with `{"image", "html_info"}`.
pub async fn single(State(web): State<Web>, body: Received) -> Answer<Json<Value>> {
    let given = object(body)?;
    let enlarged = web.studio.blocking(move |_| Ok(one(&given))).await?;
    enlarged.map(Json)
}

/// `{"imageList": [{"data": base64, "name"}], …}` gives 200 with `{"images", "html_info"}`.
pub async fn batch(State(web): State<Web>, body: Received) -> Answer<Json<Value>> {
    let given = object(body)?;
    let enlarged = web.studio.blocking(move |_| Ok(many(&given))).await?;
    enlarged.map(Json)
}

fn one(given: &Object) -> Answer<Value> {
    let wish = Wish::read(given)?;
    let image = given.get("image").and_then(Value::as_str).unwrap_or_default();
    Ok(json!({ "image": wish.enlarged(image, "image")?, "html_info": wish.told() }))
}

fn many(given: &Object) -> Answer<Value> {
    let wish = Wish::read(given)?;
    let list = given.get("imageList").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if list.is_empty() || list.len() > MAX_IMAGES {
        let words = format!("give 1 to {MAX_IMAGES} images as {{\"data\", \"name\"}}");
        return Err(ApiFault::field("imageList", words));
    }
    let data = |entry: &Value| entry["data"].as_str().unwrap_or_default().to_owned();
    let images: Vec<String> = (list.iter().enumerate())
        .map(|(at, entry)| wish.enlarged(&data(entry), &format!("imageList.{at}.data")))
        .collect::<Answer<_>>()?;
    Ok(json!({ "images": images, "html_info": wish.told() }))
}

/// What is to be done to each image.
struct Wish {
    /// Nothing for an image that stays as it is.
    upscaler: Option<Upscaler>,
    size: Size,
}

enum Size {
    Factor(f64),
    /// Width and height; the image is cut to them, or else stretched.
    Sides {
        width: usize,
        height: usize,
        crop: bool,
    },
}

impl Wish {
    fn read(given: &Object) -> Answer<Self> {
        let defaults = serde_json::from_str(DEFAULTS).expect("the table is ours and JSON");
        let fields = filled(defaults, &Object::new(), given)?;
        let asked = CANNOT.iter().filter(|(field, _)| fields[*field].as_f64() != Some(0.0));
        let mut faults: Vec<FieldError> =
            asked.map(|(field, words)| FieldError::new(*field, *words)).collect();
        let upscaler = upscaler(&text(&fields, "upscaler_1")).unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        let size = Size::read(&fields, &mut faults);
        if faults.is_empty() { Ok(Self { upscaler, size }) } else { Err(ApiFault::fields(&faults)) }
    }

    /// The image as a PNG in base64.
    fn enlarged(&self, image: &str, field: &str) -> Answer<String> {
        let bytes = decoded(image, field)?;
        let picture =
            image_decoded(&bytes, field).map_err(|error| ApiFault::from(ApiError::from(error)))?;
        let picture = match self.upscaler {
            None => picture,
            Some(upscaler) => self.size.applied(picture, upscaler, field)?,
        };
        Ok(BASE64_STANDARD.encode(picture.to_png(&[])))
    }

    fn told(&self) -> String {
        let name = self.upscaler.map_or("None", Upscaler::name);
        format!("<p>Upscaler: {name}</p>")
    }
}

fn upscaler(name: &str) -> Result<Option<Upscaler>, FieldError> {
    if name.is_empty() || name == "None" {
        return Ok(None);
    }
    Upscaler::from_name(name).map(Some).map_err(|_| {
        let known: Vec<&str> = Upscaler::ALL.iter().map(|upscaler| upscaler.name()).collect();
        let words = format!("there is no upscaler `{name}`; give None, {}", known.join(" or "));
        FieldError::new("upscaler_1", words)
    })
}

impl Size {
    fn read(fields: &Object, faults: &mut Vec<FieldError>) -> Self {
        if number(fields, "resize_mode") == 0 {
            let factor = fields["upscaling_resize"].as_f64().unwrap_or(1.0);
            if !(0.1..=16.0).contains(&factor) {
                let words = format!("{factor} is out of range; give 0.1 to 16");
                faults.push(FieldError::new("upscaling_resize", words));
            }
            return Self::Factor(factor);
        }
        let mut side = |field: &str| {
            let side = number(fields, field);
            if !(1..=MAX_SIDE).contains(&side) {
                let words = format!("{side} is out of range; give 1 to {MAX_SIDE}");
                faults.push(FieldError::new(field, words));
            }
            side.clamp(1, MAX_SIDE) as usize
        };
        let (width, height) = (side("upscaling_resize_w"), side("upscaling_resize_h"));
        Self::Sides { width, height, crop: flag(fields, "upscaling_crop") }
    }

    fn applied(&self, picture: Picture, upscaler: Upscaler, field: &str) -> Answer<Picture> {
        let (width, height) = match *self {
            Self::Factor(factor) => {
                let side = |side: u32| (f64::from(side) * factor).round().max(1.0) as i64;
                (side(picture.width), side(picture.height))
            }
            Self::Sides { width, height, crop: false } => (width as i64, height as i64),
            Self::Sides { width, height, crop: true } => {
                return Ok(cover(&picture, (width as u32, height as u32), upscaler));
            }
        };
        if width.max(height) > MAX_SIDE {
            let words = format!("it would have {width}x{height}; a side has at most {MAX_SIDE}");
            return Err(ApiFault::field(field, words));
        }
        Ok(upscale(picture, (width as u32, height as u32), upscaler))
    }
}
