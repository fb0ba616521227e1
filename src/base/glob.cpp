#include "base/glob.h"

#include <algorithm>

namespace mailvigil {

namespace {

struct Step {
    bool matched = false;
    std::size_t width = 1;  ///< of the pattern
};

/// One `[...]` class at the start of `pattern` against `c`; an unclosed one is a literal bracket.
Step match_class(std::string_view pattern, char c) {
    std::size_t i = 1;
    const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
    if (negated) {
        ++i;
    }
    bool in = false;
    for (const std::size_t first = i; i < pattern.size() && (pattern[i] != ']' || i == first);
         ++i) {
        if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
            in = in || (pattern[i] <= c && c <= pattern[i + 2]);
            i += 2;
        } else {
            in = in || pattern[i] == c;
        }
    }
    if (i >= pattern.size()) {
        return {c == '[', 1};
    }
    return {in != negated, i + 1};
}

Step match_one(std::string_view pattern, char c) {
    if (pattern[0] == '\\' && pattern.size() > 1) {
        return {pattern[1] == c, 2};
    }
    if (pattern[0] == '?') {
        return {true, 1};
    }
    if (pattern[0] == '[') {
        return match_class(pattern, c);
    }
    return {pattern[0] == c, 1};
}

/// Greedy matching that goes back only to the last star of each kind: what lies before it need not
/// be tried again.
bool match(std::string_view pattern, std::string_view text, bool slash_is_special) {
    struct Retry {
        std::size_t pattern = std::string_view::npos;
        std::size_t text = 0;
    };

    Retry star;
    Retry double_star;
    std::size_t p = 0;
    std::size_t t = 0;
    while (t < text.size() || p < pattern.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            const bool twice = slash_is_special && p + 1 < pattern.size() && pattern[p + 1] == '*';
            p += twice ? 2 : 1;
            (twice ? double_star : star) = {p, t};
            if (twice) {
                star = {};
            }
            continue;
        }
        if (p < pattern.size() && t < text.size()) {
            const Step step = match_one(pattern.substr(p), text[t]);
            const bool wild = pattern[p] == '?' || pattern[p] == '[';
            if (step.matched && !(slash_is_special && wild && text[t] == '/')) {
                p += step.width;
                ++t;
                continue;
            }
        }
        if (star.pattern != std::string_view::npos && star.text < text.size() &&
            !(slash_is_special && text[star.text] == '/')) {
            p = star.pattern;
            t = ++star.text;
        } else if (double_star.pattern != std::string_view::npos &&
                   double_star.text < text.size()) {
            p = double_star.pattern;
            t = ++double_star.text;
            star = {};
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
    return match(pattern, text, false);
}

bool path_match(std::string_view pattern, std::string_view path) {
    return match(pattern, path, true);
}

PathPattern::PathPattern(std::string pattern)
    : pattern_(std::move(pattern)),
      literal_bytes_(std::min(pattern_.find_first_of("*?[\\"), pattern_.size())) {}

std::vector<PathPattern> path_patterns(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

bool any_match(const std::vector<PathPattern>& patterns, std::string_view path) {
    return !path.empty() && std::ranges::any_of(patterns, [&](const PathPattern& pattern) {
        return pattern.matches(path);
    });
}

bool has_wildcard(std::string_view pattern) {
    return pattern.find_first_of("*?[\\") != std::string_view::npos;
}

}  // namespace mailvigil
