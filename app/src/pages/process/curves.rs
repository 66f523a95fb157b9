//! The schedule as curves over the timesteps, with a mark at the one on show.

use leptos::prelude::*;

use crate::api::Noising;
use crate::components::loss_chart::axis::Axis;
use crate::components::loss_chart::curve::{BOARD, path};
use crate::words;

/// What of the schedule is drawn.
#[derive(Clone, Copy)]
struct Figure {
    title: &'static str,
    about: &'static str,
    logarithmic: bool,
    of: fn(&Noising) -> f64,
}

const FIGURES: [Figure; 3] = [
    Figure {
        title: "beta",
        about: "variance of the noise that each step adds",
        logarithmic: false,
        of: |noising| noising.beta.into(),
    },
    Figure {
        title: "alpha-bar",
        about: "share of the picture’s variance that is left",
        logarithmic: false,
        of: |noising| noising.alpha_cumprod.into(),
    },
    Figure {
        title: "SNR",
        about: "signal-to-noise ratio, on a logarithmic axis",
        logarithmic: true,
        of: |noising| noising.snr().into(),
    },
];

#[component]
pub fn Curves(curve: Vec<Noising>, now: Signal<Noising>) -> impl IntoView {
    let curves = std::iter::repeat_n(curve, FIGURES.len()).zip(FIGURES);
    let curve = |(curve, figure)| view! { <Curve curve now figure /> };
    view! { <div class="curves">{curves.map(curve).collect_view()}</div> }.into_any()
}

#[component]
fn Curve(curve: Vec<Noising>, now: Signal<Noising>, figure: Figure) -> impl IntoView {
    let Figure { title, about, logarithmic, of } = figure;
    let last = curve.last().map_or(1, |noising| noising.timestep.max(1)) as f64;
    let x = Axis { low: 0.0, high: last, logarithmic: false };
    let values = || curve.iter().map(of);
    let Some(y) = Axis::around(values(), logarithmic) else { return ().into_any() };
    let line = path(&x, &y, curve.iter().map(|noising| (noising.timestep as f64, of(noising))));
    let ends = [values().fold(0.0, f64::max), values().fold(f64::INFINITY, f64::min)];
    let [top, bottom] = ends.map(words::figure);
    let mark = move || {
        let left = x.place(now.get().timestep as f64) * BOARD;
        format!("M{left:.1} 0V{BOARD}")
    };
    view! {
        <figure class="curve">
            <figcaption>
                <span class="curve-title">{title}</span>
                <span class="help">{about}</span>
                <output>{move || words::figure(of(&now.get()))}</output>
            </figcaption>
            <div class="curve-board">
                <svg viewBox=format!("0 0 {BOARD} {BOARD}") preserveAspectRatio="none" aria-hidden="true">
                    <path class="mark" d=mark />
                    <path class="line" d=line />
                </svg>
                <span class="top">{top}</span>
                <span class="bottom">{bottom}</span>
            </div>
        </figure>
    }
    .into_any()
}
