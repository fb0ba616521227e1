#include "detect/command/grammar_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/suggest.h"
#include "base/yaml_reader.h"

namespace mailvigil::detect::command {

namespace {

template <class Value>
using Words = std::span<const std::pair<std::string_view, Value>>;

constexpr std::pair<std::string_view, Role> kRoles[] = {{"ignored", Role::ignored},
                                                        {"source", Role::source},
                                                        {"output", Role::output},
                                                        {"port", Role::port},
                                                        {"recipient", Role::recipient},
                                                        {"content", Role::content},
                                                        {"text", Role::text},
                                                        {"config", Role::config},
                                                        {"endpoint", Role::endpoint},
                                                        {"script", Role::script},
                                                        {"setting", Role::setting},
                                                        {"commands", Role::commands},
                                                        {"address", Role::address},
                                                        {"program", Role::program},
                                                        {"mode", Role::mode},
                                                        {"destination", Role::destination}};
constexpr std::pair<std::string_view, Form> kForms[] = {{"name", Form::name},
                                                        {"at", Form::at},
                                                        {"at_or_text", Form::at_or_text},
                                                        {"at_or_name", Form::at_or_name},
                                                        {"at_or_input", Form::at_or_input},
                                                        {"name_at", Form::name_at},
                                                        {"field", Form::field},
                                                        {"braces", Form::braces},
                                                        {"list", Form::list},
                                                        {"unless_equals", Form::unless_equals},
                                                        {"unless_header", Form::unless_header},
                                                        {"label", Form::label}};
constexpr std::pair<std::string_view, Takes> kTakes[] = {{"nothing", Takes::nothing},
                                                         {"required", Takes::required},
                                                         {"attached", Takes::attached},
                                                         {"many", Takes::many},
                                                         {"rest", Takes::rest}};
constexpr std::pair<std::string_view, Stream> kStreams[] = {
    {"never", Stream::never}, {"always", Stream::always}, {"instead", Stream::instead}};
constexpr std::pair<std::string_view, Needs> kNeeds[] = {{"nothing", Needs::nothing},
                                                         {"destination", Needs::destination},
                                                         {"source", Needs::source},
                                                         {"output", Needs::output},
                                                         {"operand", Needs::operand}};
constexpr std::pair<std::string_view, Flow> kFlows[] = {
    {"both", Flow::both}, {"forward", Flow::forward}, {"backward", Flow::backward}};
constexpr std::pair<std::string_view, LongStyle> kLongStyles[] = {
    {"getopt", LongStyle::getopt}, {"spaced", LongStyle::spaced}, {"exact", LongStyle::exact}};
constexpr std::pair<std::string_view, Remote> kRemotes[] = {{"colon", Remote::colon},
                                                            {"scheme", Remote::scheme}};

std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t\n")));
        if (text.empty()) {
            return words;
        }
        const std::size_t end = std::min(text.size(), text.find_first_of(" \t\n"));
        words.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

class GrammarReader {
  public:
    GrammarReader(std::string_view source, Diagnostics& diagnostics)
        : source_(source), diagnostics_(diagnostics) {}

    std::optional<Tool> read(const yaml::Node& document) {
        yaml::Reader reader(document, source_, diagnostics_);
        Tool tool;
        tool.name = reader.text("tool").value_or("");
        if (tool.name.empty()) {
            reader.missing("tool");
            return {};
        }
        tool.names = reader.texts("names");
        if (tool.names.empty()) {
            tool.names = {tool.name};
        }
        tool.also_runs = reader.texts("also_runs");
        if (const yaml::Node* syntax = reader.node("syntax")) {
            read_syntax(*syntax, tool);
        }
        note_modes(reader.node("modes"));
        read_grammar(reader, tool.base);
        read_grammars(reader, "subcommands", tool, tool.subcommands);
        read_grammars(reader, "modes", tool, tool.modes);
        read_grammars(reader, "commands", tool, tool.commands);
        finish_modes(tool);
        if (const yaml::Node* addresses = reader.node("addresses")) {
            for (const auto& [names, node] : addresses->entries) {
                const Effect effect = read_effect(node);
                for (const std::string_view name : split_words(names)) {
                    tool.addresses.insert_or_assign(std::string(name), effect);
                }
            }
        }
        for (const yaml::Node* marker : reader.mappings("markers")) {
            read_marker(*marker, tool);
        }
        tool.sources_after = reader.texts("sources_after");
        std::erase(tool.sources_after, "");
        reader.finish();
        return tool;
    }

  private:
    void report(const yaml::Node& at, std::string message) {
        diagnostics_.add(
            {Severity::error, std::string(source_), at.line, at.column, std::move(message)});
    }

    template <class Value, std::size_t N>
    std::optional<Value> choose(const yaml::Node& at,
                                std::string_view word,
                                const std::pair<std::string_view, Value> (&words)[N]) {
        std::vector<std::string_view> known;
        for (const auto& [name, value] : words) {
            if (name == word) {
                return value;
            }
            known.push_back(name);
        }
        report(at, fmt::format("unknown word \"{}\"{}", word, did_you_mean(word, known)));
        return {};
    }

    template <class Value, std::size_t N>
    void choose(yaml::Reader& reader,
                std::string_view key,
                const std::pair<std::string_view, Value> (&words)[N],
                Value& out) {
        if (const auto word = reader.text(key)) {
            out = choose(*reader.node(key), *word, words).value_or(out);
        }
    }

    std::optional<Act> read_act(yaml::Reader& reader, std::string_view key) {
        const auto word = reader.text(key);
        if (!word) {
            return {};
        }
        std::vector<std::string_view> known;
        for (std::size_t i = 0; i < kActs; ++i) {
            known.push_back(to_text(static_cast<Act>(i)));
            if (known.back() == *word) {
                return static_cast<Act>(i);
            }
        }
        reader.report(key, fmt::format("unknown act \"{}\"{}", *word, did_you_mean(*word, known)));
        return {};
    }

    void read_syntax(const yaml::Node& node, Tool& tool) {
        yaml::Reader reader(node, source_, diagnostics_);
        choose(reader, "long", kLongStyles, tool.long_style);
        choose(reader, "remote", kRemotes, tool.remote);
        tool.words = reader.boolean("words").value_or(false);
        tool.dashless_first = reader.boolean("dashless_first").value_or(false);
        reader.finish();
    }

    void note_modes(const yaml::Node* node) {
        if (node != nullptr) {
            for (const auto& [name, grammar] : node->entries) {
                modes_.push_back(name);
            }
        }
    }

    /// "source at" is a role and its form.
    void read_role(const yaml::Node& at, std::string_view text, Effect& effect) {
        const std::vector<std::string_view> words = split_words(text);
        if (words.empty() || words.size() > 2) {
            report(at, "expected a role, or a role and a form, such as \"source at\"");
            return;
        }
        if (const auto role = choose(at, words[0], kRoles)) {
            effect.role = *role;
            effect.takes = Takes::required;
        }
        if (words.size() == 2) {
            effect.form = choose(at, words[1], kForms).value_or(Form::name);
        }
    }

    Effect read_effect(const yaml::Node& node) {
        Effect effect;
        if (node.kind == yaml::Kind::scalar) {
            read_role(node, node.scalar, effect);
            return effect;
        }
        yaml::Reader reader(node, source_, diagnostics_);
        if (const auto is = reader.text("is")) {
            read_role(*reader.node("is"), *is, effect);
        }
        choose(reader, "takes", kTakes, effect.takes);
        effect.act = read_act(reader, "act");
        effect.because = reader.text("because").value_or("");
        effect.fills = reader.text("fills").value_or("");
        effect.mode = reader.text("mode").value_or("");
        if (!effect.mode.empty() && std::ranges::find(modes_, effect.mode) == modes_.end()) {
            reader.report("mode",
                          fmt::format("no mode \"{}\" is described under \"modes\"{}",
                                      effect.mode,
                                      did_you_mean(effect.mode, modes_)));
            effect.mode.clear();
        }
        effect.long_bytes = reader.number("long").value_or(0);
        effect.standard_input = reader.boolean("stdin");
        effect.standard_output = reader.boolean("stdout");
        if (reader.node("flow") != nullptr) {
            Flow flow = Flow::both;
            choose(reader, "flow", kFlows, flow);
            effect.flow = flow;
        }
        effect.opaque = reader.boolean("opaque").value_or(false);
        effect.ends = reader.boolean("ends").value_or(false);
        effect.separates = reader.boolean("separates").value_or(false);
        read_repeats_ = reader.boolean("repeats").value_or(false);
        reader.finish();
        return effect;
    }

    static void add_options(OptionTable& table, std::string_view spellings, Effect effect) {
        table.effects.push_back(std::move(effect));
        for (const std::string_view spelling : split_words(spellings)) {
            table.spellings.insert_or_assign(std::string(spelling), table.effects.size() - 1);
        }
    }

    void read_options(yaml::Reader& reader, OptionTable& table) {
        constexpr std::pair<std::string_view, Takes> kLists[] = {
            {"values", Takes::required}, {"flags", Takes::nothing}, {"attached", Takes::attached}};
        for (const auto& [key, takes] : kLists) {
            for (const std::string& spellings : reader.texts(key)) {
                Effect effect;
                effect.takes = takes;
                add_options(table, spellings, std::move(effect));
            }
        }
        if (const yaml::Node* options = reader.node("options")) {
            for (const auto& [spellings, node] : options->entries) {
                add_options(table, spellings, read_effect(node));
            }
        }
    }

    void read_operands(yaml::Reader& reader, std::vector<Operand>& operands) {
        const yaml::Node* node = reader.node("operands");
        if (node == nullptr) {
            return;
        }
        for (const yaml::Node& item : node->items) {
            Operand operand;
            if (item.kind == yaml::Kind::scalar) {
                std::string_view text = item.scalar;
                operand.repeats = text.ends_with("...");
                text.remove_suffix(operand.repeats ? 3 : 0);
                read_role(item, text, operand.effect);
            } else {
                operand.effect = read_effect(item);
                operand.repeats = read_repeats_;
            }
            for (const auto& [name, role] : kRoles) {
                operand.name = role == operand.effect.role ? name : operand.name;
            }
            operands.push_back(std::move(operand));
        }
        if (std::ranges::count_if(operands, &Operand::repeats) > 1) {
            reader.report("operands", "only one of the operands may repeat");
            operands.clear();
        }
    }

    void read_grammar(yaml::Reader& reader, Grammar& grammar) {
        read_options(reader, grammar.options);
        read_operands(reader, grammar.operands);
        grammar.act = read_act(reader, "act").value_or(grammar.act);
        grammar.otherwise = read_act(reader, "otherwise").value_or(grammar.otherwise);
        choose(reader, "needs", kNeeds, grammar.needs);
        choose(reader, "stdin", kStreams, grammar.standard_input);
        choose(reader, "stdout", kStreams, grammar.standard_output);
        grammar.because = reader.text("because").value_or("");
        grammar.implied = reader.text("implied").value_or("");
        grammar.suffix = reader.text("suffix").value_or("");
        grammar.opaque = reader.boolean("opaque").value_or(false);
        grammar.stops = reader.boolean("stops").value_or(false);
        grammar.operands_first = reader.boolean("operands_first").value_or(false);
    }

    void read_grammars(yaml::Reader& reader,
                       std::string_view key,
                       const Tool& tool,
                       std::vector<std::pair<std::string, Grammar>>& out) {
        const yaml::Node* node = reader.node(key);
        if (node == nullptr) {
            return;
        }
        for (const auto& [names, body] : node->entries) {
            yaml::Reader inner(body, source_, diagnostics_);
            Grammar grammar;
            if (inner.node("operands") == nullptr && key == "modes") {
                grammar.operands = tool.base.operands;
            }
            read_grammar(inner, grammar);
            inner.finish();
            std::size_t from = 0;  // several names are parted by `, `: a name may have spaces
            while (from <= names.size()) {
                const std::size_t end = std::min(names.size(), names.find(", ", from));
                out.emplace_back(names.substr(from, end - from), grammar);
                from = end + 2;
            }
        }
    }

    /// The parser learns which mode holds only at the end of argv: what an option of a mode takes
    /// must hold outside, too.
    static void finish_modes(Tool& tool) {
        for (const auto& [name, mode] : tool.modes) {
            for (const auto& [spelling, index] : mode.options.spellings) {
                if (!tool.base.options.spellings.contains(spelling)) {
                    Effect effect;
                    effect.takes = mode.options.effects[index].takes;
                    add_options(tool.base.options, spelling, std::move(effect));
                }
            }
        }
    }

    void read_marker(const yaml::Node& node, Tool& tool) {
        yaml::Reader reader(node, source_, diagnostics_);
        Marker marker;
        marker.act = read_act(reader, "act").value_or(Act::upload);
        marker.because = reader.text("because").value_or("");
        marker.host_after = reader.number("host_after");
        const std::vector<std::string> texts = reader.texts("text");
        if (texts.empty()) {
            reader.missing("text");
        }
        for (const std::string& text : texts) {
            if (!text.empty()) {
                marker.text = text;
                tool.markers.push_back(marker);
            }
        }
        reader.finish();
    }

    std::string_view source_;
    Diagnostics& diagnostics_;
    std::vector<std::string_view> modes_;
    bool read_repeats_ = false;  ///< of the effect read last: only operands have it
};

}  // namespace

std::optional<Tool> read_tool(const yaml::Node& document,
                              std::string_view source,
                              Diagnostics& diagnostics) {
    return GrammarReader(source, diagnostics).read(document);
}

}  // namespace mailvigil::detect::command
