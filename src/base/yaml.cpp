#include "base/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace mailvigil::yaml {

namespace {

/// Copies yaml-cpp's tree into ours. yaml-cpp throws on bad text; nothing of it leaves this file.
class Copier {
  public:
    Copier(std::string_view source, Diagnostics& diagnostics)
        : source_(source), diagnostics_(diagnostics) {}

    Node copy(const YAML::Node& from, std::size_t depth) {
        Node node;
        place(from, node.line, node.column);
        if (++nodes_ > kNodesMax || depth > kDepthMax) {
            report(node.line, node.column, "document is too deep or has too many nodes");
            return node;
        }
        if (from.IsScalar()) {
            node.kind = Kind::scalar;
            node.scalar = from.Scalar();
            node.quoted = from.Tag() == "!";
        } else if (from.IsSequence()) {
            node.kind = Kind::sequence;
            for (const auto& item : from) {
                node.items.push_back(copy(item, depth + 1));
            }
        } else if (from.IsMap()) {
            copy_mapping(from, depth, node);
        }
        return node;
    }

    void report(std::uint32_t line, std::uint32_t column, std::string message) {
        if (limit_reported_) {
            return;
        }
        limit_reported_ = nodes_ > kNodesMax;
        diagnostics_.add({Severity::error, std::string(source_), line, column, std::move(message)});
    }

  private:
    static void place(const YAML::Node& from, std::uint32_t& line, std::uint32_t& column) {
        const YAML::Mark mark = from.Mark();
        line = mark.is_null() ? 0 : static_cast<std::uint32_t>(mark.line + 1);
        column = mark.is_null() ? 0 : static_cast<std::uint32_t>(mark.column + 1);
    }

    void copy_mapping(const YAML::Node& from, std::size_t depth, Node& node) {
        node.kind = Kind::mapping;
        for (const auto& entry : from) {
            std::uint32_t line = 0;
            std::uint32_t column = 0;
            place(entry.first, line, column);
            if (!entry.first.IsScalar()) {
                report(line, column, "a key must be plain text");
                continue;
            }
            const std::string& key = entry.first.Scalar();
            if (node.find(key) != nullptr) {
                report(line, column, fmt::format("\"{}\" is given twice; remove one", key));
                continue;
            }
            node.entries.push_back({key, copy(entry.second, depth + 1)});
            node.key_places.emplace_back(line, column);
        }
    }

    std::string_view source_;
    Diagnostics& diagnostics_;
    std::size_t nodes_ = 0;
    bool limit_reported_ = false;
};

/// yaml-cpp recurses on nesting without a bound of its own: refuse text that could overflow the
/// stack before it does.
bool nests_too_deep(std::string_view text) {
    std::size_t depth = 0;
    for (const char c : text) {
        if (c == '[' || c == '{') {
            if (++depth > kDepthMax * 4) {
                return true;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    std::size_t dashes = 0;
    for (const char c : text) {
        if (c == '\n') {
            dashes = 0;
        } else if ((c == '-' || c == '?') && ++dashes > kDepthMax * 4) {
            return true;
        }
    }
    return false;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto at = std::ranges::find(entries, key, &Entry::key);
    return at == entries.end() ? nullptr : &at->value;
}

Node parse(std::string_view text, std::string_view source, Diagnostics& diagnostics) {
    Copier copier(source, diagnostics);
    if (text.size() > kDocumentBytesMax || nests_too_deep(text)) {
        copier.report(
            0,
            0,
            fmt::format("document is larger than {} bytes or nested too deep", kDocumentBytesMax));
        return {};
    }
    // yaml-cpp takes a NUL for the end of the text: what stands behind it would be silently left
    // out.
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
        const auto line = std::ranges::count(text.substr(0, nul), '\n') + 1;
        copier.report(static_cast<std::uint32_t>(line), 0, "not text: it has a NUL byte");
        return {};
    }
    try {
        return copier.copy(YAML::Load(std::string(text)), 0);
    } catch (const YAML::Exception& error) {
        const bool placed = !error.mark.is_null();
        copier.report(placed ? static_cast<std::uint32_t>(error.mark.line + 1) : 0,
                      placed ? static_cast<std::uint32_t>(error.mark.column + 1) : 0,
                      fmt::format("not valid YAML: {}", error.msg));
        return {};
    }
}

}  // namespace mailvigil::yaml
