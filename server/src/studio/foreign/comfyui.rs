//! ComfyUI: the graph of nodes that drew the picture, as JSON under `prompt`.
//!
//! A node is `{"class_type": …, "inputs": …}`; an input is a value, or `[node, output]` for what
//! another node gives. The settings stand in the sampling node and in what leads to it: all of them in
//! a `KSampler`, one by one in nodes of their own behind a `SamplerCustom` (`sampler`, `sigmas`) or
//! `SamplerCustomAdvanced` (`noise` and `guider` too).

use serde_json::{Map, Value};

use super::{Parameters, pairs, plain, size};

/// Nodes that are passed on the way from one to another.
const LONGEST_WAY: usize = 32;

/// What words are called in the nodes that encode them.
const TEXTS: [&str; 4] = ["text", "t5xxl", "text_g", "clip_l"];

/// What the file of a model is called in the nodes that load it.
const MODEL_FILES: [&str; 3] = ["ckpt_name", "unet_name", "model_name"];

/// The node whose conditioning says nothing.
const NO_WORDS: &str = "ConditioningZeroOut";

pub fn read(json: &Value) -> Option<Parameters> {
    let graph = Graph(json.as_object()?);
    let sampler = graph.sampler()?;
    let noise = graph.given(sampler, "noise");
    let guider = graph.given(sampler, "guider");
    let scheduler = graph.scheduler(sampler);
    let (width, height) = graph.latent_size(sampler);
    let seed = graph.value(sampler, "seed").or_else(|| graph.value(noise, "noise_seed"));
    let denoise = graph.value(scheduler, "denoise");
    let cfg = graph.value(guider, "cfg").or_else(|| graph.value(guider, "cfg_conds"));
    Some(Parameters {
        prompt: graph.words(guider, &["positive", "conditioning", "cond1"]).unwrap_or_default(),
        negative_prompt: graph.words(guider, &["negative"]).unwrap_or_default(),
        settings: pairs([
            ("Steps", graph.value(scheduler, "steps")),
            ("Sampler", graph.sampler_name(sampler)),
            ("Schedule type", graph.schedule_name(scheduler)),
            ("CFG scale", cfg),
            ("Seed", seed),
            ("Size", size(width, height)),
            ("Model", graph.upstream(guider, &["model"], &MODEL_FILES)),
            ("Denoising strength", denoise.filter(|share| share.parse() != Ok(1.0))),
        ]),
    })
}

struct Graph<'a>(&'a Map<String, Value>);

impl<'a> Graph<'a> {
    /// The first node that takes steps.
    fn sampler(&self) -> Option<&'a Value> {
        self.0.values().find(|node| {
            let kind = kind(node);
            let samples = kind.starts_with("KSampler") || kind.starts_with("SamplerCustom");
            // It only names a sampler.
            samples && kind != "KSamplerSelect" && node.get("inputs").is_some()
        })
    }

    fn input(&self, node: &'a Value, key: &str) -> Option<&'a Value> {
        node.get("inputs")?.get(key)
    }

    /// The node that `input` is a link to.
    fn linked(&self, input: &Value) -> Option<&'a Value> {
        let link = input.as_array()?;
        self.0.get(&plain(link.first()?)?)
    }

    /// The node that gives the first of `keys` that `node` has a link for.
    fn next(&self, node: &'a Value, keys: &[&str]) -> Option<&'a Value> {
        keys.iter().find_map(|key| self.linked(self.input(node, key)?))
    }

    /// The node that gives `key`; `node` itself where it needs none for that.
    fn given(&self, node: &'a Value, key: &str) -> &'a Value {
        self.next(node, &[key]).unwrap_or(node)
    }

    /// The node that says how many steps are taken over which levels of noise; others may divide its
    /// steps.
    fn scheduler(&self, sampler: &'a Value) -> &'a Value {
        let mut node = sampler;
        for _ in 0..LONGEST_WAY {
            node = self.given(node, "sigmas");
        }
        node
    }

    /// A setting of the node itself, or of a node of a single value that it is linked to.
    fn value(&self, node: &'a Value, key: &str) -> Option<String> {
        let input = self.input(node, key)?;
        let given = |node: &'a Value| {
            ["value", "int", "seed", "float", "string", "text"]
                .iter()
                .find_map(|key| plain(self.input(node, key)?))
        };
        plain(input).or_else(|| given(self.linked(input)?))
    }

    /// The first value called one of `wanted` on the way up from `node` through its inputs `through`.
    fn upstream(&self, node: &'a Value, through: &[&str], wanted: &[&str]) -> Option<String> {
        let mut node = self.next(node, through)?;
        for _ in 0..LONGEST_WAY {
            if let Some(value) = wanted.iter().find_map(|key| self.value(node, key)) {
                return Some(value);
            }
            node = self.next(node, through)?;
        }
        None
    }

    /// The words that lead to `node` through the first of its inputs `sides` that is there.
    fn words(&self, node: &'a Value, sides: &[&str]) -> Option<String> {
        let through = [sides, &["conditioning", "conditioning_1"]].concat();
        let mut node = self.next(node, sides)?;
        for _ in 0..LONGEST_WAY {
            if kind(node) == NO_WORDS {
                return None;
            }
            if let Some(words) = TEXTS.iter().find_map(|key| self.value(node, key)) {
                return Some(words);
            }
            node = self.next(node, &through)?;
        }
        None
    }

    /// What `KSamplerSelect` names; other nodes that give a sampler are called after it.
    fn sampler_name(&self, sampler: &'a Value) -> Option<String> {
        let node = self.given(sampler, "sampler");
        let by_kind = || named_by(kind(node).strip_prefix("Sampler")?);
        self.value(node, "sampler_name").or_else(|| by_kind().filter(|_| node != sampler))
    }

    /// What `BasicScheduler` and the samplers name; other nodes that give levels of noise are called
    /// after their schedule.
    fn schedule_name(&self, scheduler: &'a Value) -> Option<String> {
        let by_kind = || named_by(kind(scheduler).strip_suffix("Scheduler")?);
        self.value(scheduler, "scheduler").or_else(by_kind)
    }

    fn latent_size(&self, sampler: &'a Value) -> (Option<String>, Option<String>) {
        let latent = self.next(sampler, &["latent_image"]);
        let side = |key| latent.and_then(|node| self.value(node, key));
        (side("width"), side("height"))
    }
}

fn kind(node: &Value) -> &str {
    node.get("class_type").and_then(Value::as_str).unwrap_or_default()
}

/// A name out of a node's: `Karras`, `BetaSampling`, `EulerAncestral`, `DPMPP_2M_SDE`.
fn named_by(kind: &str) -> Option<String> {
    let name = match kind {
        "BetaSampling" => "beta".into(),
        "EulerAncestral" => "euler_ancestral".into(),
        _ => kind.to_lowercase(),
    };
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_gathered_from_the_graph() {
        let graph = json!({
            "3": { "class_type": "KSampler", "inputs": {
                "seed": 156680208700286u64, "steps": 20, "cfg": 8.0, "sampler_name": "euler",
                "scheduler": "normal", "denoise": 1.0, "model": ["9", 0], "positive": ["6", 0],
                "negative": ["7", 0], "latent_image": ["5", 0] } },
            "4": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "v1-5.ckpt" } },
            "5": { "class_type": "EmptyLatentImage", "inputs": {
                "width": 512, "height": 384, "batch_size": 1 } },
            "6": { "class_type": "CLIPTextEncode", "inputs": { "text": "a bottle", "clip": ["4", 1] } },
            "7": { "class_type": "CLIPTextEncode", "inputs": { "text": "text", "clip": ["4", 1] } },
            "9": { "class_type": "LoraLoader", "inputs": { "model": ["4", 0] } },
        });
        assert_eq!(
            read(&graph).unwrap().text(),
            "a bottle\nNegative prompt: text\nSteps: 20, Sampler: euler, Schedule type: normal, \
             CFG scale: 8.0, Seed: 156680208700286, Size: 512x384, Model: v1-5.ckpt"
        );
    }

    #[test]
    fn a_graph_that_goes_in_circles_ends() {
        let graph = json!({
            "1": { "class_type": "KSampler", "inputs": {
                "steps": ["2", 0], "model": ["3", 0], "positive": ["1", 0] } },
            "2": { "class_type": "PrimitiveInt", "inputs": { "value": 9 } },
            "3": { "class_type": "Loop", "inputs": { "model": ["3", 0] } },
        });
        let told = read(&graph).unwrap();
        assert_eq!((told.setting("Steps"), told.setting("Model")), (Some("9"), None));
    }

    /// The graph that ComfyUI's examples draw with Flux by, `guider` and `sigmas` as they are given.
    fn custom(sampler: &Value, guider: &Value, sigmas: &Value) -> String {
        let graph = json!({
            "5": { "class_type": "EmptySD3LatentImage", "inputs": {
                "width": 1024, "height": 768, "batch_size": 1 } },
            "6": { "class_type": "CLIPTextEncode", "inputs": { "text": "a fox", "clip": ["11", 0] } },
            "7": { "class_type": "CLIPTextEncode", "inputs": { "text": "fog", "clip": ["11", 0] } },
            "12": { "class_type": "UNETLoader", "inputs": {
                "unet_name": "flux1-dev.safetensors", "weight_dtype": "default" } },
            "13": sampler,
            "16": { "class_type": "KSamplerSelect", "inputs": { "sampler_name": "euler" } },
            "17": sigmas,
            "22": guider,
            "25": { "class_type": "RandomNoise", "inputs": { "noise_seed": 219670278747233u64 } },
            "26": { "class_type": "FluxGuidance", "inputs": {
                "guidance": 3.5, "conditioning": ["6", 0] } },
            "30": { "class_type": "ModelSamplingFlux", "inputs": {
                "max_shift": 1.15, "width": 512, "height": 512, "model": ["12", 0] } },
        });
        read(&graph).unwrap().text()
    }

    fn advanced() -> Value {
        json!({ "class_type": "SamplerCustomAdvanced", "inputs": {
            "noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0], "sigmas": ["17", 0],
            "latent_image": ["5", 0] } })
    }

    #[test]
    fn settings_in_nodes_of_their_own_are_gathered_too() {
        let basic = json!({ "class_type": "BasicGuider", "inputs": {
            "model": ["30", 0], "conditioning": ["26", 0] } });
        let sigmas = json!({ "class_type": "BasicScheduler", "inputs": {
            "scheduler": "simple", "steps": 20, "denoise": 0.8, "model": ["30", 0] } });
        assert_eq!(
            custom(&advanced(), &basic, &sigmas),
            "a fox\nSteps: 20, Sampler: euler, Schedule type: simple, Seed: 219670278747233, \
             Size: 1024x768, Model: flux1-dev.safetensors, Denoising strength: 0.8"
        );
        let guided = json!({ "class_type": "CFGGuider", "inputs": {
            "cfg": 4.5, "model": ["12", 0], "positive": ["6", 0], "negative": ["7", 0] } });
        let karras = json!({ "class_type": "KarrasScheduler", "inputs": {
            "steps": 25, "sigma_max": 14.6, "sigma_min": 0.03, "rho": 7.0 } });
        let wanted = "a fox\nNegative prompt: fog\nSteps: 25, Sampler: euler, \
                      Schedule type: karras, CFG scale: 4.5, Seed: 219670278747233, \
                      Size: 1024x768, Model: flux1-dev.safetensors";
        assert_eq!(custom(&advanced(), &guided, &karras), wanted);
        let plain = json!({ "class_type": "SamplerCustom", "inputs": {
            "add_noise": true, "noise_seed": 219670278747233u64, "cfg": 4.5, "model": ["30", 0],
            "positive": ["6", 0], "negative": ["7", 0], "sampler": ["16", 0], "sigmas": ["17", 0],
            "latent_image": ["5", 0] } });
        assert_eq!(custom(&plain, &json!({}), &karras), wanted);
    }

    #[test]
    fn what_a_node_is_called_after_is_told() {
        let read = |sampler: &str, scheduler: &str| {
            let graph = json!({
                "1": { "class_type": "SamplerCustom", "inputs": {
                    "sampler": ["2", 0], "sigmas": ["3", 0], "negative": ["5", 0] } },
                "2": { "class_type": sampler, "inputs": { "eta": 1.0 } },
                "3": { "class_type": "SplitSigmas", "inputs": { "sigmas": ["4", 0], "step": 4 } },
                "4": { "class_type": scheduler, "inputs": { "steps": 9 } },
                "5": { "class_type": "ConditioningZeroOut", "inputs": { "conditioning": ["6", 0] } },
                "6": { "class_type": "CLIPTextEncode", "inputs": { "text": "a fox" } },
            });
            super::read(&graph).unwrap().text()
        };
        assert_eq!(
            read("SamplerEulerAncestral", "BetaSamplingScheduler"),
            "Steps: 9, Sampler: euler_ancestral, Schedule type: beta"
        );
        assert_eq!(
            read("SamplerDPMPP_2M_SDE", "ExponentialScheduler"),
            "Steps: 9, Sampler: dpmpp_2m_sde, Schedule type: exponential"
        );
    }
}
