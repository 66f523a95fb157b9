//! Names that say a sampler and its schedule in one: `DPM++ 2M Karras`, as they were before A1111 had
//! schedules of their own.

use engine::config::{SCHEDULES, SamplerKind, ScheduleKind};

/// What `name` says in any letter case; `known` tells the sampler by what stands before the schedule.
pub fn read(
    name: &str,
    known: impl Fn(&str) -> Option<SamplerKind>,
) -> Option<(SamplerKind, ScheduleKind)> {
    SCHEDULES.iter().find_map(|(schedule, ending, _)| {
        let at = name.len().checked_sub(ending.len())?;
        let (sampler, said) = name.split_at_checked(at)?;
        let sampler = sampler.strip_suffix(' ').filter(|_| said.eq_ignore_ascii_case(ending))?;
        Some((known(sampler)?, *schedule))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_ends_the_name_in_any_letter_case() {
        let read = |name: &str| read(name, |name| SamplerKind::from_name(name).ok());
        let karras = Some((SamplerKind::DpmPp2m, ScheduleKind::Karras));
        for (name, said) in [
            ("DPM++ 2M Karras", karras),
            ("dpm++ 2m karras", karras),
            ("K_DPMPP_2M KARRAS", karras),
            ("euler sgm uniform", Some((SamplerKind::Euler, ScheduleKind::SgmUniform))),
            ("Euler", None),
            ("EulerKarras", None),
            ("Karras", None),
            (" Karras", None),
            ("Euler é arras", None),
        ] {
            assert_eq!(read(name), said, "{name}");
        }
    }
}
