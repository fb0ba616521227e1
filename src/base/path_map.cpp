#include "base/path_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/glob.h"

namespace mailvigil {

namespace {

/// NAME_MAX: a longer component is no file name, and trying every split of it would be quadratic.
constexpr std::size_t kComponentBytesMax = 255;

/// The component of `path` that starts behind the slash at `slash`.
std::string_view component_at(std::string_view path, std::size_t slash) {
    const std::string_view behind = path.substr(slash + 1);
    return behind.substr(0, behind.find('/'));
}

/// Characters of a glob that match only themselves: the more, the more it says.
std::size_t fixed_characters(std::string_view glob) {
    return static_cast<std::size_t>(
        std::ranges::count_if(glob, [](char c) { return c != '*' && c != '?'; }));
}

}  // namespace

/// An edge that more than one name can pass: a glob or a capture.
struct PathMap::Wild {
    std::string component;  ///< as written: the edge's identity
    bool captures = false;
    std::string name;        ///< of a capture
    std::string prefix;      ///< literal text before the capture
    std::string suffix;      ///< literal or glob behind it
    std::string constraint;  ///< glob for the captured text; empty: any
    bool suffix_is_glob = false;
    std::size_t fixed = 0;
    std::unique_ptr<Node> node;

    [[nodiscard]] bool before(const Wild& other) const {
        return captures != other.captures ? !captures : fixed > other.fixed;
    }

    [[nodiscard]] std::optional<std::string_view> match(std::string_view text) const;
};

struct PathMap::Node {
    struct Literal {
        std::string text;
        std::unique_ptr<Node> node;
    };

    /// Shorter first, then by bytes: most comparisons are of two numbers.
    static bool before(std::string_view a, std::string_view b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    }

    [[nodiscard]] const Node* literal(std::string_view text) const {
        const auto at = std::ranges::lower_bound(literals, text, before, &Literal::text);
        return at != literals.end() && at->text == text ? at->node.get() : nullptr;
    }

    std::vector<Literal> literals;       ///< sorted by before()
    std::vector<Wild> wilds;             ///< in order of precedence
    std::optional<std::uint32_t> value;  ///< of the path that ends here
    std::optional<std::uint32_t> below;  ///< of `/**`
};

/// The captured text, or the whole component of a glob; nothing when the component does not match.
std::optional<std::string_view> PathMap::Wild::match(std::string_view text) const {
    if (text.empty()) {
        return {};
    }
    if (!captures) {
        return glob_match(component, text) ? std::optional(text) : std::nullopt;
    }
    if (!text.starts_with(prefix)) {
        return {};
    }
    const std::string_view rest = text.substr(prefix.size());
    const auto fits = [this](std::string_view captured) {
        return !captured.empty() && (constraint.empty() || glob_match(constraint, captured));
    };
    if (!suffix_is_glob) {
        if (!rest.ends_with(suffix)) {
            return {};
        }
        const std::string_view captured = rest.substr(0, rest.size() - suffix.size());
        return fits(captured) ? std::optional(captured) : std::nullopt;
    }
    // The longest capture wins: in `bob-2020-2023.01.02` only the last stamp is the suffix.
    for (std::size_t size = rest.size() > kComponentBytesMax ? 0 : rest.size(); size > 0; --size) {
        if (glob_match(suffix, rest.substr(size)) && fits(rest.substr(0, size))) {
            return rest.substr(0, size);
        }
    }
    return {};
}

std::string_view PathMap::Match::capture(std::string_view name) const {
    for (std::size_t i = 0; i < capture_count; ++i) {
        if (captures[i].name == name) {
            return captures[i].value;
        }
    }
    return {};
}

PathMap::PathMap() : root_(std::make_unique<Node>()) {}

PathMap::~PathMap() = default;
PathMap::PathMap(PathMap&&) noexcept = default;
PathMap& PathMap::operator=(PathMap&&) noexcept = default;

namespace {

/// A pattern's component that has a capture, taken apart.
struct CaptureText {
    std::string_view prefix;
    std::string_view name;
    std::string_view constraint;
    std::string_view suffix;
};

std::unexpected<Error> refuse(std::string_view pattern, std::string_view why) {
    return fail(ErrorCode::malformed, fmt::format("path pattern \"{}\" {}", pattern, why));
}

Result<CaptureText> take_apart(std::string_view component, std::string_view pattern) {
    const std::size_t open = component.find('{');
    const std::size_t close = component.find('}');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
        component.find_first_of("{}", close + 1) != std::string_view::npos) {
        return refuse(pattern,
                      "has a brace too many or too few; write {name}, once in a component");
    }
    CaptureText text{.prefix = component.substr(0, open),
                     .name = component.substr(open + 1, close - open - 1),
                     .constraint = {},
                     .suffix = component.substr(close + 1)};
    if (const std::size_t colon = text.name.find(':'); colon != std::string_view::npos) {
        text.constraint = text.name.substr(colon + 1);
        text.name = text.name.substr(0, colon);
        if (text.constraint.empty()) {
            return refuse(pattern,
                          "has a capture with nothing behind its colon; write {name:glob}");
        }
    }
    if (text.name.empty() || text.name.contains('{')) {
        return refuse(pattern, "has a capture without a name; write {name}");
    }
    if (has_wildcard(text.prefix)) {
        return refuse(pattern, "has a wildcard before a capture; only behind it there may be one");
    }
    return text;
}

/// Fails on what add() refuses, before anything is changed.
Result<> check_pattern(std::string_view pattern, std::string_view path) {
    if (!is_normal_path(path)) {
        return refuse(pattern, "is no absolute path without empty parts, \".\" and \"..\"");
    }
    if (path == "/") {
        return {};
    }
    std::size_t depth = 0;
    std::vector<std::string_view> names;
    for (std::size_t slash = 0; slash < path.size();) {
        const std::string_view component = component_at(path, slash);
        slash += component.size() + 1;
        if (++depth > PathMap::kDepthMax) {
            return fail(
                ErrorCode::limit,
                fmt::format(
                    "path pattern \"{}\" has more than {} parts", pattern, PathMap::kDepthMax));
        }
        if (component.find_first_of("{}") == std::string_view::npos) {
            if (component.contains("**")) {
                return refuse(pattern, "has \"**\" elsewhere than at its end as \"/**\"");
            }
            continue;
        }
        const CaptureText text = TRY(take_apart(component, pattern));
        if (std::ranges::find(names, text.name) != names.end()) {
            return refuse(pattern, fmt::format("names {{{}}} twice", text.name));
        }
        names.push_back(text.name);
    }
    if (names.size() > PathMap::kCapturesMax) {
        return fail(
            ErrorCode::limit,
            fmt::format(
                "path pattern \"{}\" has more than {} captures", pattern, PathMap::kCapturesMax));
    }
    return {};
}

}  // namespace

Result<> PathMap::add(std::string_view pattern, std::uint32_t value) {
    std::string_view path = pattern;
    const bool below = path.ends_with("/**");
    if (below) {
        path.remove_suffix(path.size() == 3 ? 2 : 3);
    }
    TRY(check_pattern(pattern, path));
    Node* node = root_.get();
    for (std::size_t slash = 0; path != "/" && slash < path.size();) {
        const std::string_view component = component_at(path, slash);
        slash += component.size() + 1;
        const bool captures = component.contains('{');
        if (!captures && !has_wildcard(component)) {
            auto at = std::ranges::lower_bound(
                node->literals, component, Node::before, &Node::Literal::text);
            if (at == node->literals.end() || at->text != component) {
                at = node->literals.insert(at, {std::string(component), std::make_unique<Node>()});
            }
            node = at->node.get();
            continue;
        }
        if (const auto same = std::ranges::find(node->wilds, component, &Wild::component);
            same != node->wilds.end()) {
            node = same->node.get();
            continue;
        }
        Wild wild;
        wild.component = component;
        wild.captures = captures;
        wild.fixed = fixed_characters(component);
        if (captures) {
            const CaptureText text = TRY(take_apart(component, pattern));
            wild.prefix = text.prefix;
            wild.name = text.name;
            wild.constraint = text.constraint;
            wild.suffix = text.suffix;
            wild.suffix_is_glob = has_wildcard(text.suffix);
            wild.fixed = text.prefix.size() + fixed_characters(text.suffix) +
                         fixed_characters(text.constraint);
        }
        wild.node = std::make_unique<Node>();
        Node* const next = wild.node.get();
        const auto at = std::ranges::find_if(node->wilds,
                                             [&](const Wild& other) { return wild.before(other); });
        node->wilds.insert(at, std::move(wild));
        node = next;
    }
    (below ? node->below : node->value) = value;
    return {};
}

std::optional<PathMap::Match> PathMap::find(std::string_view path) const {
    /// A node on the way down, and which of its edges is to be tried next: 0 the literal one, then
    /// the wild ones.
    struct Step {
        const Node* node = nullptr;
        std::size_t slash = 0;  ///< where the part of the path that led here ends
        std::size_t next = 0;
        std::size_t capture_count = 0;
    };

    if (path.empty() || path.front() != '/') {
        return {};
    }
    const std::size_t end = path == "/" ? 0 : path.size();
    std::array<Step, kDepthMax + 1> way;
    std::size_t depth = 0;
    way[0] = {.node = root_.get()};
    Match match;
    const auto finish = [&](const Step& step, std::uint32_t value) {
        match.value = value;
        match.capture_count = step.capture_count;
        match.root = step.slash == 0 ? path.substr(0, 1) : path.substr(0, step.slash);
        match.rest = step.slash < end ? path.substr(step.slash + 1) : std::string_view();
        return match;
    };
    for (;;) {
        Step& step = way[depth];
        const Node* next = nullptr;
        std::size_t capture_count = step.capture_count;
        std::string_view component;
        if (step.slash < end) {
            component = component_at(path, step.slash);
            if (step.next == 0) {
                next = step.node->literal(component);
                step.next = 1;
            }
            while (next == nullptr && step.next <= step.node->wilds.size()) {
                const Wild& wild = step.node->wilds[step.next++ - 1];
                const auto text = wild.match(component);
                if (!text) {
                    continue;
                }
                next = wild.node.get();
                if (wild.captures) {
                    match.captures[capture_count++] = {wild.name, *text};
                }
            }
        } else if (step.node->value) {
            return finish(step, *step.node->value);
        }
        if (next != nullptr) {
            MV_ASSERT(depth < kDepthMax);
            way[++depth] = {next, step.slash + 1 + component.size(), 0, capture_count};
        } else if (step.node->below) {
            return finish(step, *step.node->below);
        } else if (depth == 0) {
            return {};
        } else {
            --depth;
        }
    }
}

void normalise_path(std::string_view directory, std::string_view path, std::string& out) {
    const std::size_t base = out.size();
    const auto append = [&](std::string_view text) {
        while (!text.empty()) {
            const std::string_view component = text.substr(0, text.find('/'));
            text.remove_prefix(std::min(text.size(), component.size() + 1));
            if (component.empty() || component == ".") {
                continue;
            }
            if (component == "..") {
                // In the root, `..` is the root.
                const std::size_t slash = out.rfind('/');
                out.resize(slash == std::string::npos || slash < base ? base : slash);
                continue;
            }
            out += '/';
            out += component;
        }
    };
    if (!path.starts_with('/')) {
        append(directory);
    }
    append(path);
    if (out.size() == base) {
        out += '/';
    }
}

bool is_normal_path(std::string_view path) {
    if (path.empty() || path.front() != '/') {
        return false;
    }
    for (std::size_t slash = 0; path.size() > 1 && slash < path.size();) {
        const std::string_view component = component_at(path, slash);
        if (component.empty() || component == "." || component == "..") {
            return false;
        }
        slash += component.size() + 1;
    }
    return true;
}

}  // namespace mailvigil
