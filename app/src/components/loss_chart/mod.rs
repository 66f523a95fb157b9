//! The loss over the steps of a run, drawn by the server and kept up to date by the page.

pub mod axis;
pub mod curve;

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::api::LossPoint;
use crate::words;
use axis::Axis;
use curve::{BOARD, nearest, path, smooth};

/// The quarters of the timesteps, low noise first.
const QUARTERS: [&str; 4] = ["least noise", "little noise", "much noise", "most noise"];

/// What is drawn, computed once for all parts of the chart.
#[derive(Clone, PartialEq)]
struct Drawing {
    x: Axis,
    y: Axis,
    points: Vec<LossPoint>,
    smoothed: Vec<f64>,
}

impl Drawing {
    fn new(
        points: Vec<LossPoint>,
        total: u64,
        weight: f64,
        logarithmic: bool,
        quarters: bool,
    ) -> Option<Self> {
        let points: Vec<LossPoint> =
            points.into_iter().filter(|point| point.loss.is_finite()).collect();
        let losses: Vec<f64> = points.iter().map(|point| f64::from(point.loss)).collect();
        let smoothed = smooth(&losses, weight);
        let quarter_losses = points
            .iter()
            .filter(|_| quarters)
            .flat_map(|point| point.buckets.into_iter().flatten().map(f64::from));
        let y = Axis::around(losses.iter().copied().chain(quarter_losses), logarithmic)?;
        let end = total.max(points.last()?.step).max(2);
        Some(Self {
            x: Axis { low: 0.0, high: end as f64, logarithmic: false },
            y,
            points,
            smoothed,
        })
    }

    fn raw(&self) -> String {
        path(&self.x, &self.y, self.points.iter().map(|p| (p.step as f64, f64::from(p.loss))))
    }

    fn smooth(&self) -> String {
        let points = self.points.iter().zip(&self.smoothed);
        path(&self.x, &self.y, points.map(|(p, loss)| (p.step as f64, *loss)))
    }

    fn quarter(&self, quarter: usize, weight: f64) -> String {
        let (steps, losses): (Vec<f64>, Vec<f64>) = self
            .points
            .iter()
            .filter_map(|p| Some((p.step as f64, f64::from(p.buckets[quarter]?))))
            .unzip();
        path(&self.x, &self.y, steps.into_iter().zip(smooth(&losses, weight)))
    }

    fn words(&self) -> String {
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        format!(
            "Loss {} at step {}, now {} at step {}, smoothed {}.",
            words::figure(first.loss.into()),
            words::count(first.step),
            words::figure(last.loss.into()),
            words::count(last.step),
            words::figure(self.smoothed[self.smoothed.len() - 1]),
        )
    }
}

/// `total` is the last step of the run, where the axis ends.
#[component]
pub fn LossChart(
    #[prop(into)] points: Signal<Vec<LossPoint>>,
    #[prop(into)] total: Signal<u64>,
) -> impl IntoView {
    let logarithmic = RwSignal::new(true);
    let quarters = RwSignal::new(false);
    let smoothing = RwSignal::new(0.8);
    let cursor = RwSignal::new(None);
    let drawing = Memo::new(move |_| {
        Drawing::new(points.get(), total.get(), smoothing.get(), logarithmic.get(), quarters.get())
    });
    view! {
        <figure class="chart">
            <div class="chart-head">
                <figcaption>"Loss"</figcaption>
                <label class="check">
                    <input
                        type="checkbox"
                        checked=true
                        prop:checked=move || logarithmic.get()
                        on:change:target=move |event| logarithmic.set(event.target().checked())
                    />
                    <span>"Log scale"</span>
                </label>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=move || quarters.get()
                        on:change:target=move |event| quarters.set(event.target().checked())
                    />
                    <span>"By noise"</span>
                </label>
                <label class="chart-smooth">
                    <span>"Smoothing"</span>
                    <input
                        type="range"
                        min="0"
                        max="0.99"
                        step="0.01"
                        value="0.8"
                        prop:value=move || smoothing.get().to_string()
                        style:--filled=move || format!("{:.0}%", smoothing.get() / 0.99 * 100.0)
                        on:input:target=move |event| smoothing.set(event.target().value().parse().unwrap_or(0.0))
                    />
                </label>
            </div>
            <Plot drawing cursor quarters smoothing />
            <Readout drawing cursor />
            <Show when=move || quarters.get()>
                <Legend />
            </Show>
        </figure>
    }
    .into_any()
}

/// The board with its axes, lines and cursor.
#[component]
fn Plot(
    drawing: Memo<Option<Drawing>>,
    cursor: RwSignal<Option<usize>>,
    quarters: RwSignal<bool>,
    smoothing: RwSignal<f64>,
) -> impl IntoView {
    let on_pointer = move |event: PointerEvent| {
        cursor.set(drawing.with_untracked(|d| under(&event, d.as_ref()?)));
    };
    let on_keydown = move |event: KeyboardEvent| {
        let last =
            drawing.with_untracked(|d| d.as_ref().map_or(0, |d| d.points.len().saturating_sub(1)));
        let stride = (last / 50).max(1);
        let at = cursor.get_untracked().unwrap_or(last);
        let to = match event.key().as_str() {
            "ArrowLeft" => at.saturating_sub(stride),
            "ArrowRight" => (at + stride).min(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        cursor.set(Some(to));
    };
    let with = move |draw: fn(&Drawing) -> String| move || drawing.with(|d| d.as_ref().map(draw));
    view! {
        <div
            class="plot"
            role="img"
            aria-label="Loss curve"
            aria-describedby="loss-words"
            tabindex="0"
            on:pointermove=on_pointer
            on:pointerleave=move |_| cursor.set(None)
            on:keydown=on_keydown
            on:blur=move |_| cursor.set(None)
        >
            <Grid drawing />
            <svg viewBox=format!("0 0 {BOARD} {BOARD}") preserveAspectRatio="none" aria-hidden="true">
                <path class="raw" d=with(Drawing::raw) />
                {move || {
                    quarters
                        .get()
                        .then(|| {
                            (0..QUARTERS.len())
                                .map(|quarter| {
                                    let d = move || drawing.with(|d| d.as_ref().map(|d| d.quarter(quarter, smoothing.get())));
                                    view! { <path class=format!("quarter quarter-{quarter}") d=d /> }
                                })
                                .collect_view()
                        })
                }}
                <path class="smooth" d=with(Drawing::smooth) />
            </svg>
            <Cursor drawing cursor />
            <Show when=move || drawing.with(Option::is_none)>
                <p class="plot-empty">"The curve begins with the first step."</p>
            </Show>
        </div>
        <p id="loss-words" class="unseen">{with(Drawing::words)}</p>
    }
}

/// Lines and labels at the round values of both axes.
#[component]
fn Grid(drawing: Memo<Option<Drawing>>) -> impl IntoView {
    let across = move || {
        drawing.with(|d| {
            d.as_ref().map(|d| {
                let tick = |value: f64| {
                    let bottom = format!("{:.3}%", d.y.place(value) * 100.0);
                    view! { <span class="tick-y" style:bottom=bottom>{words::tick(value)}</span> }
                };
                d.y.ticks(5).into_iter().map(tick).collect_view()
            })
        })
    };
    let along = move || {
        drawing.with(|d| {
            d.as_ref().map(|d| {
                let tick = |value: f64| {
                    let left = format!("{:.3}%", d.x.place(value) * 100.0);
                    view! { <span class="tick-x" style:left=left>{words::count(value as u64)}</span> }
                };
                d.x.ticks(6).into_iter().map(tick).collect_view()
            })
        })
    };
    view! { <div class="ticks" aria-hidden="true">{across} {along}</div> }
}

#[component]
fn Cursor(drawing: Memo<Option<Drawing>>, cursor: RwSignal<Option<usize>>) -> impl IntoView {
    move || {
        drawing.with(|d| {
            let d = d.as_ref()?;
            let at = cursor.get()?.min(d.points.len() - 1);
            let left = format!("{:.3}%", d.x.place(d.points[at].step as f64) * 100.0);
            let bottom = format!("{:.3}%", d.y.place(d.smoothed[at]) * 100.0);
            Some(view! {
                <span class="cursor-line" style:left=left.clone()></span>
                <span class="cursor-dot" style:left=left style:bottom=bottom></span>
            })
        })
    }
}

/// The values under the cursor, or at the newest step.
#[component]
fn Readout(drawing: Memo<Option<Drawing>>, cursor: RwSignal<Option<usize>>) -> impl IntoView {
    let at = Memo::new(move |_| {
        drawing.with(|d| {
            let d = d.as_ref()?;
            let index = cursor.get().unwrap_or(usize::MAX).min(d.points.len() - 1);
            Some((d.points[index], d.smoothed[index]))
        })
    });
    view! {
        <dl class="readout" aria-live="off">
            <div>
                <dt>"Step"</dt>
                <dd>{move || at.get().map_or("–".into(), |(p, _)| words::count(p.step))}</dd>
            </div>
            <div>
                <dt>"Loss"</dt>
                <dd>{move || at.get().map_or("–".into(), |(p, _)| words::figure(p.loss.into()))}</dd>
            </div>
            <div>
                <dt>"Smoothed"</dt>
                <dd>{move || at.get().map_or("–".into(), |(_, smooth)| words::figure(smooth))}</dd>
            </div>
            <div class="readout-quarters">
                <dt>"By noise, least to most"</dt>
                <dd>{move || at.get().map_or("–".into(), |(p, _)| quarter_words(&p))}</dd>
            </div>
        </dl>
    }
}

fn quarter_words(point: &LossPoint) -> String {
    let word = |loss: Option<f32>| loss.map_or("–".into(), |loss| words::figure(loss.into()));
    point.buckets.map(word).join(" · ")
}

#[component]
fn Legend() -> impl IntoView {
    view! {
        <ul class="legend" aria-label="Lines by noise">
            {QUARTERS
                .into_iter()
                .enumerate()
                .map(|(quarter, name)| {
                    view! {
                        <li>
                            <svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
                                <path class=format!("quarter quarter-{quarter}") d="M0 4h24" />
                            </svg>
                            {name}
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}

/// The point under the pointer.
fn under(event: &PointerEvent, drawing: &Drawing) -> Option<usize> {
    let plot: web_sys::Element = event.current_target()?.dyn_into().ok()?;
    let bounds = plot.get_bounding_client_rect();
    let place = (f64::from(event.client_x()) - bounds.left()) / bounds.width();
    let steps: Vec<u64> = drawing.points.iter().map(|point| point.step).collect();
    nearest(&steps, drawing.x.low + place * (drawing.x.high - drawing.x.low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: u64, loss: f32) -> LossPoint {
        let buckets = [Some(loss / 2.0), None, None, Some(loss * 2.0)];
        LossPoint { step, loss, buckets, ..LossPoint::default() }
    }

    #[test]
    fn nothing_is_drawn_without_points() {
        assert!(Drawing::new(Vec::new(), 100, 0.5, true, false).is_none());
        assert!(Drawing::new(vec![point(1, f32::NAN)], 100, 0.5, true, false).is_none());
    }

    #[test]
    fn the_axis_reaches_to_the_end_of_the_run_and_holds_the_quarters() {
        let points = vec![point(1, 1.0), point(50, 0.1)];
        let drawing = Drawing::new(points.clone(), 200, 0.0, false, false).unwrap();
        assert_eq!(drawing.x.high, 200.0);
        assert!(drawing.y.high < 1.1);
        assert!(drawing.quarter(1, 0.0).is_empty());
        assert!(Drawing::new(points, 200, 0.0, false, true).unwrap().y.high > 2.0);
    }

    #[test]
    fn the_curve_is_told_in_words() {
        let drawing =
            Drawing::new(vec![point(1, 1.0), point(50, 0.1)], 200, 0.0, true, false).unwrap();
        assert_eq!(
            drawing.words(),
            "Loss 1.0000 at step 1, now 0.1000 at step 50, smoothed 0.1000."
        );
        assert_eq!(quarter_words(&point(1, 1.0)), "0.5000 · – · – · 2.0000");
    }
}
