//! The canvas that a mask is painted on.
//!
//! What is painted is opaque in the lamp's colour, what is not is clear. The server's masks are white
//! where this is painted and black where it is clear.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast, JsValue, closure::Closure};
use web_sys::{
    Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, ImageData, PointerEvent,
};

const PAINT: &str = "#ff7a3c";
const PAINT_RGB: [u8; 3] = [0xff, 0x7a, 0x3c];

/// Steps that can be undone.
const MOST_UNDONE: usize = 20;

/// The canvas and what has been done on it.
#[derive(Clone, Copy)]
pub struct Easel {
    pub canvas: NodeRef<html::Canvas>,
    /// Diameter of the brush in percent of the picture's width.
    pub brush: RwSignal<String>,
    pub erasing: RwSignal<bool>,
    /// Steps that can be undone now.
    pub undoable: RwSignal<usize>,
    /// The canvas before each of them; not on the server, where a page may be let go by another thread
    /// than wrote it.
    before: Option<StoredValue<Vec<ImageData>, LocalStorage>>,
    /// Where the pointer was last, while it paints.
    last: StoredValue<Option<(f64, f64)>>,
    /// How many times the mask was handed over.
    handed: StoredValue<u64>,
}

impl Easel {
    pub fn new() -> Self {
        Self {
            canvas: NodeRef::new(),
            brush: RwSignal::new("12".into()),
            erasing: RwSignal::new(false),
            undoable: RwSignal::new(0),
            before: (!cfg!(feature = "ssr")).then(|| StoredValue::new_local(Vec::new())),
            last: StoredValue::new(None),
            handed: StoredValue::new(0),
        }
    }

    /// Makes the canvas as large as the picture, with nothing on it.
    pub fn fit(self, picture: &HtmlImageElement) {
        let Some(canvas) = self.canvas.get_untracked() else { return };
        canvas.set_width(picture.natural_width());
        canvas.set_height(picture.natural_height());
        self.change_before(Vec::clear);
    }

    pub fn begin(self, event: &PointerEvent) {
        let Some(canvas) = self.canvas.get_untracked() else { return };
        event.prevent_default();
        // Without it a stroke ends at the canvas' edge.
        let _ = canvas.set_pointer_capture(event.pointer_id());
        self.keep();
        let at = place(&canvas, event);
        self.last.set_value(Some(at));
        self.stroke(&canvas, at, at);
    }

    pub fn go_on(self, event: &PointerEvent) {
        if let (Some(canvas), Some(last)) = (self.canvas.get_untracked(), self.last.get_value()) {
            let at = place(&canvas, event);
            self.stroke(&canvas, last, at);
            self.last.set_value(Some(at));
        }
    }

    /// Whether a stroke has ended.
    pub fn end(self) -> bool {
        let painted = self.last.get_value().is_some();
        self.last.set_value(None);
        painted
    }

    fn stroke(self, canvas: &HtmlCanvasElement, from: (f64, f64), to: (f64, f64)) {
        let Some(context) = context(canvas) else { return };
        let percent = self.brush.with_untracked(|brush| brush.parse().unwrap_or(12.0));
        let erasing = self.erasing.get_untracked();
        let mode = if erasing { "destination-out" } else { "source-over" };
        let _ = context.set_global_composite_operation(mode);
        context.set_stroke_style_str(PAINT);
        context.set_line_cap("round");
        context.set_line_width((percent / 100.0 * f64::from(canvas.width())).max(1.0));
        context.begin_path();
        context.move_to(from.0, from.1);
        // A line of no length paints no dot.
        context.line_to(to.0 + 0.01, to.1);
        context.stroke();
    }

    pub fn clear(self) {
        self.all_over("destination-out");
    }

    /// Paints what is clear and clears what is painted.
    pub fn invert(self) {
        self.all_over("xor");
    }

    fn all_over(self, mode: &str) {
        let Some(canvas) = self.canvas.get_untracked() else { return };
        self.keep();
        fill(&canvas, mode, PAINT);
    }

    pub fn undo(self) {
        let before = self.change_before(Vec::pop).flatten();
        let context = self.canvas.get_untracked().and_then(|canvas| context(&canvas));
        if let (Some(before), Some(context)) = (before, context) {
            // Fails only for an image of no size.
            let _ = context.put_image_data(&before, 0.0, 0.0);
        }
    }

    fn change_before<T>(self, change: impl FnOnce(&mut Vec<ImageData>) -> T) -> Option<T> {
        let before = self.before?;
        let changed = before.try_update_value(change);
        self.undoable.set(before.try_with_value(Vec::len).unwrap_or_default());
        changed
    }

    /// Remembers the canvas as it is, for [`Self::undo`].
    fn keep(self) {
        let Some(now) = self.canvas.get_untracked().and_then(|canvas| pixels(&canvas)) else {
            return;
        };
        self.change_before(|before| {
            if before.len() == MOST_UNDONE {
                before.remove(0);
            }
            before.push(now);
        });
    }

    /// Paints what is white in `mask`.
    pub fn show(self, mask: &HtmlImageElement) {
        let Some(canvas) = self.canvas.get_untracked() else { return };
        if let Err(error) = paint_mask(&canvas, mask) {
            leptos::logging::warn!("the mask cannot be painted: {error:?}");
        }
    }

    /// Counts one mask more that is handed over; see [`Self::is_newest`].
    pub fn next(self) -> u64 {
        self.handed.update_value(|handed| *handed += 1);
        self.handed.get_value()
    }

    /// Whether the mask counted as `turn` was the last; an answer to an older one comes too late.
    pub fn is_newest(self, turn: u64) -> bool {
        self.handed.try_get_value() == Some(turn)
    }

    /// Hands the mask over as a PNG, white on black; nothing painted is no mask.
    pub fn mask(self, done: impl FnOnce(Option<Blob>) + 'static) {
        let canvas = self.canvas.get_untracked().filter(is_painted);
        match canvas.and_then(|canvas| white_on_black(&canvas)) {
            Some(mask) => {
                let done = Closure::once_into_js(move |blob: Option<Blob>| done(blob));
                // Fails only for a canvas with pixels of another site.
                let _ = mask.to_blob(done.unchecked_ref());
            }
            None => done(None),
        }
    }
}

/// Where on the canvas the pointer is, in the canvas' pixels.
fn place(canvas: &HtmlCanvasElement, event: &PointerEvent) -> (f64, f64) {
    let rect = canvas.get_bounding_client_rect();
    let scale = f64::from(canvas.width()) / rect.width().max(1.0);
    let from_edge = |at: i32, edge: f64| (f64::from(at) - edge) * scale;
    (from_edge(event.client_x(), rect.left()), from_edge(event.client_y(), rect.top()))
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

fn pixels(canvas: &HtmlCanvasElement) -> Option<ImageData> {
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    context(canvas)?.get_image_data(0.0, 0.0, width, height).ok()
}

fn is_painted(canvas: &HtmlCanvasElement) -> bool {
    pixels(canvas).is_some_and(|pixels| pixels.data().chunks_exact(4).any(|pixel| pixel[3] > 0))
}

fn fill(canvas: &HtmlCanvasElement, mode: &str, colour: &str) {
    let Some(context) = context(canvas) else { return };
    let _ = context.set_global_composite_operation(mode);
    context.set_fill_style_str(colour);
    context.fill_rect(0.0, 0.0, canvas.width().into(), canvas.height().into());
}

/// White becomes paint, black becomes clear, gray is painted thinly.
fn paint_mask(canvas: &HtmlCanvasElement, mask: &HtmlImageElement) -> Result<(), JsValue> {
    let Some(context) = context(canvas) else { return Ok(()) };
    let (width, height) = (canvas.width(), canvas.height());
    context.set_global_composite_operation("copy")?;
    context.draw_image_with_html_image_element_and_dw_and_dh(
        mask,
        0.0,
        0.0,
        width.into(),
        height.into(),
    )?;
    let mut data = context.get_image_data(0.0, 0.0, width.into(), height.into())?.data();
    for pixel in data.chunks_exact_mut(4) {
        pixel[3] = pixel[0];
        pixel[..3].copy_from_slice(&PAINT_RGB);
    }
    let painted = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&data), width, height)?;
    context.put_image_data(&painted, 0.0, 0.0)
}

fn white_on_black(canvas: &HtmlCanvasElement) -> Option<HtmlCanvasElement> {
    let mask: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    mask.set_width(canvas.width());
    mask.set_height(canvas.height());
    context(&mask)?.draw_image_with_html_canvas_element(canvas, 0.0, 0.0).ok()?;
    fill(&mask, "source-in", "#fff");
    fill(&mask, "destination-over", "#000");
    Some(mask)
}
