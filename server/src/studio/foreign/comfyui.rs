//! ComfyUI: the graph of nodes that drew the picture, as JSON under `prompt`.
//!
//! A node is `{"class_type": …, "inputs": …}`; an input is a value, or `[node, output]` for what
//! another node gives. The settings stand in the sampling node and in what leads to it.

use serde_json::{Map, Value};

use super::{Parameters, pairs, plain, size};

/// Nodes that are passed on the way from one to another.
const LONGEST_WAY: usize = 32;

pub fn read(json: &Value) -> Option<Parameters> {
    let graph = Graph(json.as_object()?);
    let sampler = graph.sampler()?;
    let get = |key: &str| graph.value(sampler, key);
    let (width, height) = graph.latent_size(sampler);
    Some(Parameters {
        prompt: graph.words(sampler, "positive").unwrap_or_default(),
        negative_prompt: graph.words(sampler, "negative").unwrap_or_default(),
        settings: pairs([
            ("Steps", get("steps")),
            ("Sampler", get("sampler_name")),
            ("Schedule type", get("scheduler")),
            ("CFG scale", get("cfg")),
            ("Seed", get("seed").or_else(|| get("noise_seed"))),
            ("Size", size(width, height)),
            ("Model", graph.upstream(sampler, "model", "ckpt_name")),
            ("Denoising strength", get("denoise").filter(|share| share.parse() != Ok(1.0))),
        ]),
    })
}

struct Graph<'a>(&'a Map<String, Value>);

impl<'a> Graph<'a> {
    /// The first node that takes steps.
    fn sampler(&self) -> Option<&'a Value> {
        self.0.values().find(|node| {
            let kind = node.get("class_type").and_then(Value::as_str).unwrap_or_default();
            kind.starts_with("KSampler") && node.get("inputs").is_some()
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

    /// A setting of the node itself, or of a node of a single value that it is linked to.
    fn value(&self, node: &'a Value, key: &str) -> Option<String> {
        let input = self.input(node, key)?;
        let given = |node: &'a Value| {
            ["value", "int", "seed", "float", "string"]
                .iter()
                .find_map(|key| plain(self.input(node, key)?))
        };
        plain(input).or_else(|| given(self.linked(input)?))
    }

    /// The first value called `wanted` on the way up from `node` through its input `through`.
    fn upstream(&self, node: &'a Value, through: &str, wanted: &str) -> Option<String> {
        let mut node = self.linked(self.input(node, through)?)?;
        for _ in 0..LONGEST_WAY {
            if let Some(value) = self.value(node, wanted) {
                return Some(value);
            }
            node = self.linked(self.input(node, through)?)?;
        }
        None
    }

    fn words(&self, sampler: &'a Value, side: &str) -> Option<String> {
        let node = self.linked(self.input(sampler, side)?)?;
        self.value(node, "text")
            .or_else(|| self.upstream(node, "conditioning", "text"))
            .or_else(|| self.upstream(node, "conditioning_1", "text"))
    }

    fn latent_size(&self, sampler: &'a Value) -> (Option<String>, Option<String>) {
        let latent = self.input(sampler, "latent_image").and_then(|input| self.linked(input));
        let side = |key| latent.and_then(|node| self.value(node, key));
        (side("width"), side("height"))
    }
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
}
