//! What a run has to show over its steps: its loss, its learning rate, its gradients. Drawn by the
//! server and kept up to date by the page.

pub mod axis;
pub mod curve;
mod drawing;
mod legend;
mod quantity;

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::api::{LossPoint, ValidationPoint};
use crate::components::show::Show;
use crate::words;
use curve::{BOARD, nearest};
pub use drawing::Other;
use drawing::{Drawing, Look};
use legend::{Legend, QUARTERS};
pub use quantity::Quantity;

/// `total` is the last step of the run, where the axis ends.
#[component]
pub fn LossChart(
    #[prop(into)] points: Signal<Vec<LossPoint>>,
    #[prop(into)] validation: Signal<Vec<ValidationPoint>>,
    /// Other runs, whose lines stand beside this one's, and the name of this one.
    #[prop(into)]
    others: Signal<Vec<Other>>,
    #[prop(into)] name: Signal<String>,
    #[prop(into)] total: Signal<u64>,
    #[prop(into)] quantity: Signal<Quantity>,
    /// The address that shows another quantity.
    #[prop(into)]
    address: Callback<Quantity, String>,
) -> impl IntoView {
    let controls = Controls::new();
    let cursor = RwSignal::new(None);
    let drawing = Memo::new(move |_| {
        let look = controls.look(quantity.get());
        others
            .with(|others| Drawing::new(points.get(), validation.get(), others, total.get(), look))
    });
    let shows_quarters =
        Signal::derive(move || controls.quarters.get() && quantity.get() == Quantity::Loss);
    let any = move |has: fn(&ValidationPoint) -> bool| {
        Signal::derive(move || {
            drawing.with(|d| d.as_ref().is_some_and(|d| d.validation.iter().any(has)))
        })
    };
    let runs = Signal::derive(move || {
        let others =
            others.with(|all| all.iter().map(|other| other.name.clone()).collect::<Vec<_>>());
        if others.is_empty() { others } else { [vec![name.get()], others].concat() }
    });
    view! {
        <figure class="chart">
            <div class="chart-head">
                <figcaption>{move || quantity.get().name()}</figcaption>
                <Quantities quantity address />
                <ControlFields controls quantity />
            </div>
            <Plot drawing cursor quantity quarters=shows_quarters />
            <Readout drawing cursor quantity />
            <Legend quarters=shows_quarters held_out=any(|_| true) ema=any(|point| point.ema_loss.is_some()) runs />
        </figure>
    }
    .into_any()
}

/// One link for each quantity, so that the choice stands in the address.
#[component]
fn Quantities(quantity: Signal<Quantity>, address: Callback<Quantity, String>) -> impl IntoView {
    let link = |one: Quantity| {
        let current = move || (quantity.get() == one).then_some("true");
        view! {
            <a class="chip" href=move || address.run(one) aria-current=current data-noscroll>
                {one.name()}
            </a>
        }
    };
    view! { <nav class="chips" aria-label="What the chart shows">{Quantity::ALL.map(link).collect_view()}</nav> }
}

/// How a person wants to look at the points.
#[derive(Clone, Copy)]
struct Controls {
    logarithmic: RwSignal<bool>,
    quarters: RwSignal<bool>,
    smoothing: RwSignal<f64>,
}

impl Controls {
    fn new() -> Self {
        Self {
            logarithmic: RwSignal::new(true),
            quarters: RwSignal::new(false),
            smoothing: RwSignal::new(0.8),
        }
    }

    fn look(self, quantity: Quantity) -> Look {
        Look {
            quantity,
            smoothing: self.smoothing.get(),
            logarithmic: self.logarithmic.get(),
            quarters: self.quarters.get(),
        }
    }
}

/// Those of the controls that change how the `quantity` looks.
#[component]
fn ControlFields(controls: Controls, quantity: Signal<Quantity>) -> impl IntoView {
    let Controls { logarithmic, quarters, smoothing } = controls;
    view! {
        <label class="check">
            <input
                type="checkbox"
                checked=true
                prop:checked=move || logarithmic.get()
                on:change=move |event| logarithmic.set(event_target_checked(&event))
            />
            <span>"Log scale"</span>
        </label>
        <label class="check" hidden=move || quantity.get() != Quantity::Loss>
            <input
                type="checkbox"
                prop:checked=move || quarters.get()
                on:change=move |event| quarters.set(event_target_checked(&event))
            />
            <span>"By noise"</span>
        </label>
        <label class="chart-smooth" hidden=move || !quantity.get().is_noisy()>
            <span>"Smoothing"</span>
            <input
                type="range"
                min="0"
                max="0.99"
                step="0.01"
                value="0.8"
                prop:value=move || smoothing.get().to_string()
                style:--filled=move || format!("{:.0}%", smoothing.get() / 0.99 * 100.0)
                on:input=move |event| smoothing.set(event_target_value(&event).parse().unwrap_or(0.0))
            />
        </label>
    }
}

/// The board with its axes, lines and cursor.
#[component]
fn Plot(
    drawing: Memo<Option<Drawing>>,
    cursor: RwSignal<Option<usize>>,
    quantity: Signal<Quantity>,
    quarters: Signal<bool>,
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
            aria-label=move || format!("{} curve", quantity.get().name())
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
                {move || quarters.get().then(|| view! { <QuarterLines drawing /> })}
                <OtherLines drawing />
                <path class="held-out" d=with(Drawing::held_out) />
                <path class="held-out-ema" d=with(Drawing::held_out_ema) />
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

#[component]
fn QuarterLines(drawing: Memo<Option<Drawing>>) -> impl IntoView {
    let line = |quarter: usize| {
        let d = move || drawing.with(|d| d.as_ref().map(|d| d.quarter(quarter)));
        view! { <path class=format!("quarter quarter-{quarter}") d=d /> }
    };
    (0..QUARTERS.len()).map(line).collect_view()
}

#[component]
fn OtherLines(drawing: Memo<Option<Drawing>>) -> impl IntoView {
    let line =
        |(place, d): (usize, String)| view! { <path class=format!("other other-{place}") d=d /> };
    (move || {
        let lines = drawing.with(|d| d.as_ref().map(Drawing::others).unwrap_or_default());
        lines.into_iter().enumerate().map(line).collect_view()
    })
    .into_render()
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
    (move || {
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
    })
    .into_render()
}

/// The values at one point of the chart.
#[derive(Clone, Copy, PartialEq)]
struct Reading {
    point: LossPoint,
    value: f64,
    smoothed: f64,
    validation: Option<ValidationPoint>,
}

impl Reading {
    /// At the point `index`, or at the last one.
    fn of(drawing: &Drawing, index: Option<usize>) -> Self {
        let index = index.unwrap_or(usize::MAX).min(drawing.points.len() - 1);
        let point = drawing.points[index];
        Self {
            point,
            value: drawing.value(index),
            smoothed: drawing.smoothed[index],
            validation: drawing.validation_at(point.step),
        }
    }
}

/// The values under the cursor, or at the newest step.
#[component]
fn Readout(
    drawing: Memo<Option<Drawing>>,
    cursor: RwSignal<Option<usize>>,
    quantity: Signal<Quantity>,
) -> impl IntoView {
    let at = Memo::new(move |_| drawing.with(|d| d.as_ref().map(|d| Reading::of(d, cursor.get()))));
    let told = move |words: fn(&Reading) -> String| {
        move || at.with(|at| at.as_ref().map_or("–".into(), words))
    };
    let is_loss = move || quantity.get() == Quantity::Loss;
    let is_validated = move || at.with(|at| at.is_some_and(|at| at.validation.is_some()));
    view! {
        <dl class="readout" aria-live="off">
            <div>
                <dt>"Step"</dt>
                <dd>{told(|at| words::count(at.point.step))}</dd>
            </div>
            <div>
                <dt>{move || quantity.get().name()}</dt>
                <dd>{told(|at| words::figure(at.value))}</dd>
            </div>
            <div hidden=move || !quantity.get().is_noisy()>
                <dt>"Smoothed"</dt>
                <dd>{told(|at| words::figure(at.smoothed))}</dd>
            </div>
            <div hidden=move || !is_validated()>
                <dt>"Held out · averaged weights"</dt>
                <dd>{told(|at| at.validation.map_or("–".into(), validation_words))}</dd>
            </div>
            <div class="readout-quarters" hidden=move || !is_loss()>
                <dt>"By noise, least to most"</dt>
                <dd>{told(|at| quarter_words(&at.point))}</dd>
            </div>
        </dl>
    }
}

fn validation_words(point: ValidationPoint) -> String {
    let average = point.ema_loss.map_or("–".into(), |loss| words::figure(loss.into()));
    format!("{} · {average}", words::figure(point.loss.into()))
}

fn quarter_words(point: &LossPoint) -> String {
    let word = |loss: Option<f32>| loss.map_or("–".into(), |loss| words::figure(loss.into()));
    point.buckets.map(word).join(" · ")
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

    #[test]
    fn what_is_not_known_is_a_dash() {
        let buckets = [Some(0.5), None, None, Some(2.0)];
        let point = LossPoint { buckets, ..LossPoint::default() };
        assert_eq!(quarter_words(&point), "0.5000 · – · – · 2.0000");
        let held_out = ValidationPoint { step: 1, loss: 0.5, ema_loss: None };
        assert_eq!(validation_words(held_out), "0.5000 · –");
    }
}
