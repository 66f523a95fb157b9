//! Every sampler, one line each. A new one is a file, named in `sampler/mod.rs`, and a line here.

/// Hands all samplers to the macro `$to`, in the order the page shows them: what the code calls each,
/// what A1111 shows, other names A1111 and diffusers know it by, what [`Automatic`] means for it, what
/// "Uniform" means, and how one is made for a `Sampling`. The older ones go through whole timesteps and
/// end at 0 (`Leading`), those of k-diffusion begin at the last and end at 0 (`Linspace`).
///
/// [`Automatic`]: crate::config::ScheduleKind::Automatic
macro_rules! samplers {
    ($to:ident) => {
        $to! {
            Ddpm: "DDPM", [], Uniform, Leading, |_| Ddpm;
            Ddim: "DDIM", [], Uniform, Leading, |asked| Ddim::with_eta(asked.eta);
            Euler: "Euler", ["k_euler"], Uniform, Linspace, |_| Euler;
            EulerAncestral: "Euler a", ["k_euler_a", "k_euler_ancestral"], Uniform, Linspace,
                |_| EulerAncestral;
            Heun: "Heun", ["k_heun"], Uniform, Linspace, |_| Heun;
            DpmPp2m: "DPM++ 2M", ["k_dpmpp_2m"], Karras, Linspace, |_| DpmPp2m::default();
            DpmPp2mSde: "DPM++ 2M SDE", ["k_dpmpp_2m_sde"], Exponential, Linspace,
                |_| DpmPp2mSde::default();
            DpmPpSde: "DPM++ SDE", ["k_dpmpp_sde"], Karras, Linspace, |_| DpmPpSde;
            Lms: "LMS", ["k_lms"], Uniform, Linspace, |_| Lms::default();
            Plms: "PLMS", ["PNDM"], Uniform, Leading, |_| Plms::default();
            UniPc: "UniPC", ["uni_pc"], SgmUniform, Linspace, |_| UniPc::default();
        }
    };
}

pub(crate) use samplers;
