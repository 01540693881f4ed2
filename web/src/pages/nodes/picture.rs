//! The picture of a host's nodes: a small box for each, which stand in rows as wide as the page. A box is filled from below, in up to
//! three columns, by what of its processors, memory and GPUs is in use; a sign over it says when it takes no jobs.

use std::fmt::Write as _;

use pbsweb_shared::node::{Amount, Node, NodeState};

/// The sides of a box.
const WIDTH: usize = 22;
const HEIGHT: usize = 18;

/// Up to so many nodes are drawn large, each with its name.
const FEW: usize = 60;

/// The boxes, as HTML; `data-node` on each is the node's place in `nodes`.
pub(super) fn picture(nodes: &[Node]) -> String {
    let mut html = String::new();
    for (place, node) in nodes.iter().enumerate() {
        // Writing to a String does not fail.
        if nodes.len() > FEW {
            draw(&mut html, place, node);
            continue;
        }
        html.push_str("<span class=\"node-card\">");
        draw(&mut html, place, node);
        let _ = write!(html, "<span>{}</span>", escaped(&node.name));
        if node.cores.total > 0 {
            let _ = write!(html, "<span class=\"muted\">{} of {}</span>", node.cores.used, node.cores.total);
        }
        html.push_str("</span>");
    }
    html
}

/// One box, as SVG.
fn draw(svg: &mut String, place: usize, node: &Node) {
    let _ = write!(
        svg,
        "<svg class=\"node\" data-state=\"{}\" data-node=\"{place}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\"><title>{}</title>\
             <rect class=\"node-box\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"2\"/>",
        node.state,
        escaped(&words(node)),
        // The frame is drawn on the line, half of it outside.
        WIDTH - 1,
        HEIGHT - 1,
    );
    let bars: Vec<(&str, Amount)> =
        [("cores", node.cores), ("memory", node.memory_bytes), ("gpus", node.gpus)]
            .into_iter()
            .filter(|(_, amount)| amount.total > 0)
            .collect();
    let bar = (WIDTH - 2) / bars.len().max(1);
    for (n, (what, amount)) in bars.iter().enumerate() {
        let filled = filled(*amount);
        if filled > 0 {
            let _ = write!(
                svg,
                "<rect class=\"node-{what}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{filled}\"/>",
                1 + n * bar,
                HEIGHT - 1 - filled,
                bar - 1,
            );
        }
    }
    svg.push_str(sign(node.state));
    svg.push_str("</svg>");
}

/// How high a column stands; whatever is in use shows.
fn filled(amount: Amount) -> usize {
    let most = HEIGHT - 2;
    let used = usize::try_from(amount.used.min(amount.total)).unwrap_or(usize::MAX);
    let total = usize::try_from(amount.total).unwrap_or(usize::MAX).max(1);
    let height = (used as f64 / total as f64 * most as f64).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the height of a box"
    )]
    let height = height as usize;
    height.min(most)
}

/// A cross for a node that is down, a bar for one that is kept free, a question mark's dot for one nobody understands.
const fn sign(state: NodeState) -> &'static str {
    match state {
        NodeState::Free | NodeState::Partly | NodeState::Busy => "",
        NodeState::Offline => "<path class=\"node-sign\" d=\"M3 9H19\"/>",
        NodeState::Down => "<path class=\"node-sign\" d=\"M4 3L18 15M18 3L4 15\"/>",
        NodeState::Other => "<circle class=\"node-sign\" cx=\"11\" cy=\"9\" r=\"3\"/>",
    }
}

/// What a node is called, and how it is, in a line.
pub(super) fn words(node: &Node) -> String {
    let mut text = format!("{}: {}", node.name, state_word(node.state));
    if node.cores.total > 0 {
        let _ = write!(text, ", {} of {} processors in use", node.cores.used, node.cores.total);
    }
    if node.gpus.total > 0 {
        let _ = write!(text, ", {} of {} GPUs", node.gpus.used, node.gpus.total);
    }
    match node.jobs.len() {
        0 => {}
        1 => text.push_str(", 1 job"),
        n => {
            let _ = write!(text, ", {n} jobs");
        }
    }
    text
}

/// The word for a state.
pub(super) const fn state_word(state: NodeState) -> &'static str {
    match state {
        NodeState::Free => "free",
        NodeState::Partly => "partly in use",
        NodeState::Busy => "full",
        NodeState::Offline => "offline",
        NodeState::Down => "down",
        NodeState::Other => "in a state of its own",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, state: NodeState, used: u64) -> Node {
        Node {
            name: name.to_owned(),
            state,
            state_words: String::new(),
            comment: None,
            queue: None,
            cores: Amount { total: 8, used },
            memory_bytes: Amount::default(),
            gpus: Amount::default(),
            jobs: Vec::new(),
        }
    }

    #[test]
    fn a_picture_has_a_box_for_each_node() {
        let nodes: Vec<Node> = (0..2000).map(|n| node(&format!("n{n}"), NodeState::Partly, n % 9)).collect();
        let svg = picture(&nodes);
        assert_eq!(svg.matches("class=\"node\"").count(), 2000);
        assert!(!svg.contains("node-card"));
        assert!(svg.len() < 700_000, "{}", svg.len());
        assert!(picture(&[]).is_empty());
    }

    #[test]
    fn a_name_is_text() {
        let evil = node("<script>&\"", NodeState::Down, 0);
        let svg = picture(&[evil]);
        assert!(svg.contains("&lt;script&gt;&amp;&quot;: down") && !svg.contains("<script"), "{svg}");
        assert!(svg.contains("node-sign") && svg.contains("0 of 8"));
    }

    #[test]
    fn whatever_is_in_use_shows() {
        assert_eq!(filled(Amount { total: 128, used: 1 }), 1);
        assert_eq!(filled(Amount { total: 8, used: 8 }), HEIGHT - 2);
        assert_eq!(filled(Amount { total: 8, used: 80 }), HEIGHT - 2);
        assert_eq!(filled(Amount { total: 0, used: 0 }), 0);
    }
}
