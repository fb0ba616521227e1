#include "detect/command/use_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "detect/command/address.h"
#include "detect/command/draft.h"
#include "detect/command/inline_script.h"
#include "detect/command/value_form.h"

namespace mailvigil::detect::command {

namespace {

constexpr auto kNone = std::string_view::npos;

/// The uses of one set of options (curl's --next begins another).
class SetBuilder {
  public:
    SetBuilder(const Tool& tool, const Parsed& parsed, std::span<const Item> items)
        : tool_(tool), parsed_(parsed), items_(items) {
        choose_grammar();
    }

    void build(std::vector<CommandUse>& out) {
        std::vector<const Item*> operands;
        for (const Item& item : items_) {
            if (item.effect == nullptr) {
                operands.push_back(&item);
                continue;
            }
            const Effect& effect = resolve(item);
            flow_ = effect.flow.value_or(flow_);
            if (!effect.fills.empty()) {
                filled_.push_back(effect.fills);
            }
            apply(effect, item.option, item.value);
        }
        assign(operands);
        drafts_.finish_endpoints(tool_, *grammar_);
        drafts_.finish(*grammar_, reason_, !operands.empty(), out);
    }

  private:
    /// A mode goes before the subcommand, and the mode described first before the others.
    void choose_grammar() {
        grammar_ = parsed_.subcommand ? parsed_.subcommand : &tool_.base;
        reason_ = parsed_.subcommand_name;
        std::size_t best = tool_.modes.size();
        for (const Item& item : items_) {
            if (item.effect != nullptr) {
                const bool named = item.effect->role == Role::mode;
                consider_mode(named ? item.value : item.effect->mode, item.option, best);
            } else if (tool_.addresses.empty()) {
                continue;
            } else if (const Effect* effect = find_address(tool_, item.value).effect) {
                consider_mode(effect->mode, item.value.substr(0, kShownBytesMax), best);
            }
        }
    }

    void consider_mode(std::string_view name, std::string_view reason, std::size_t& best) {
        for (std::size_t i = 0; !name.empty() && i < best; ++i) {
            if (tool_.modes[i].first == name) {
                best = i;
                grammar_ = mode_ = &tool_.modes[i].second;
                reason_ = reason;
            }
        }
    }

    /// What the option means in the mode that holds.
    const Effect& resolve(const Item& item) const {
        if (mode_ != nullptr) {
            const auto at = mode_->options.spellings.find(item.option);
            if (at != mode_->options.spellings.end()) {
                return mode_->options.effects[at->second];
            }
        }
        return *item.effect;
    }

    /// The operands by place: those before the repeated one from the front, those after it from the
    /// back.
    void assign(const std::vector<const Item*>& items) {
        std::vector<const Operand*> places;
        for (const Operand& operand : grammar_->operands) {
            const auto at = std::ranges::find(filled_, operand.name);
            if (at == filled_.end()) {
                places.push_back(&operand);
            } else {
                filled_.erase(at);
            }
        }
        const auto repeated =
            std::ranges::find_if(places, [](const Operand* operand) { return operand->repeats; });
        const auto lead = static_cast<std::size_t>(repeated - places.begin());
        const std::size_t trail =
            repeated == places.end() ? 0 : static_cast<std::size_t>(places.end() - repeated) - 1;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const std::size_t left = items.size() - i;
            std::size_t place = std::min(i, lead);
            if (i > lead && left <= trail) {
                place = places.size() - left;
            }
            if (place < places.size()) {
                side_ = i;
                apply(places[place]->effect, {}, items[i]->value);
            }
        }
    }

    void apply(const Effect& effect, std::string_view option, std::string_view value) {
        switch (effect.role) {
            case Role::script:
                script(effect, option, value);
                break;
            case Role::setting:
                setting(value);
                break;
            case Role::commands:
                commands(option, value);
                break;
            case Role::address:
                address(value);
                break;
            default:
                drafts_.apply(effect, option, value);
                break;
        }
    }

    void script(const Effect& effect, std::string_view option, std::string_view text) {
        const ScriptReading reading = read_script(tool_, text);
        for (const MarkerFound& found : reading.markers) {
            const Marker& marker = *found.marker;
            const std::string because =
                marker.because.empty() ? "the script uses " + marker.text : marker.because;
            Draft& draft = drafts_.at(marker.act);
            drafts_.touch(draft,
                          fmt::format("{}{}{}", option, option.empty() ? "" : ": ", because));
            drafts_.add_destination(found.destination);
            for (const std::string_view source : reading.sources) {
                draft.add_source(source);
            }
        }
        if (reading.markers.empty() && !reading.sources.empty()) {
            Draft& draft = drafts_.at(Act::read);
            drafts_.touch(
                draft, fmt::format("{}{}the script opens it", option, option.empty() ? "" : ": "));
            for (const std::string_view source : reading.sources) {
                draft.add_source(source);
            }
        }
        if (effect.act) {
            drafts_.touch(drafts_.at(*effect.act), std::string(option));
        }
    }

    // wgetrc(5): a command is an option's name; case, `_` and `-` do not count.
    void setting(std::string_view text) {
        const std::size_t equals = std::min(text.size(), text.find('='));
        const std::size_t end = text.substr(0, equals).find_last_not_of(" \t");
        const std::string wanted = plain_name(text.substr(0, end == kNone ? 0 : end + 1));
        std::string_view value = text.substr(std::min(text.size(), equals + 1));
        value.remove_prefix(std::min(value.size(), value.find_first_not_of(" \t")));
        for (const auto& [spelling, index] : tool_.base.options.spellings) {
            const Effect& effect = tool_.base.options.effects[index];
            if (effect.role != Role::setting && spelling.starts_with("--") &&
                plain_name(spelling) == wanted) {
                apply(effect, spelling, value);
                return;
            }
        }
    }

    static std::string plain_name(std::string_view text) {
        std::string name;
        for (const char c : text.substr(0, kShownBytesMax)) {
            if (c != '_' && c != '-') {
                name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            }
        }
        return name;
    }

    void commands(std::string_view option, std::string_view text) {
        for (const std::vector<std::string>& words : split_statements(text)) {
            const Grammar* grammar = nullptr;
            if (words.size() > 1) {
                grammar = find_grammar(tool_.commands, words[0] + " " + words[1]);
            }
            grammar = grammar ? grammar : find_grammar(tool_.commands, words[0]);
            if (grammar == nullptr) {
                continue;
            }
            const std::vector<std::string_view> args(words.begin(), words.end());
            const Parsed parsed = parse_arguments(tool_, *grammar, args);
            const Tool plain;
            SetBuilder statement(plain, parsed, parsed.items);
            statement.grammar_ = grammar;
            statement.reason_ = fmt::format("{} {}", option, words[0]);
            std::vector<CommandUse> uses;
            statement.build(uses);
            for (const CommandUse& use : uses) {
                drafts_.merge(use);
            }
        }
    }

    // socat(1): with -u content flows from the first address to the second only, with -U the other
    // way.
    void address(std::string_view text) {
        const AddressReading reading = find_address(tool_, text);
        if (reading.effect == nullptr) {
            return;
        }
        const bool sink =
            (flow_ == Flow::forward && side_ == 1) || (flow_ == Flow::backward && side_ == 0);
        Effect effect = *reading.effect;
        if (sink && effect.role == Role::source) {
            effect.role = Role::output;
        }
        const bool receives = flow_ != Flow::both && !sink && effect.role == Role::destination;
        drafts_.apply(effect, {}, reading.value);
        if (receives) {
            drafts_.receives();
        }
    }

    const Tool& tool_;
    const Parsed& parsed_;
    std::span<const Item> items_;
    const Grammar* grammar_ = nullptr;
    const Grammar* mode_ = nullptr;
    std::string reason_;
    std::vector<std::string_view> filled_;
    Flow flow_ = Flow::both;
    std::size_t side_ = 0;
    Drafts drafts_;
};

}  // namespace

ProgramNamed find_program(const Tool& tool, const Parsed& parsed) {
    const Grammar& grammar = parsed.subcommand ? *parsed.subcommand : tool.base;
    bool filled = std::ranges::none_of(grammar.operands, [](const Operand& operand) {
        return operand.effect.role == Role::program;
    });
    for (const Item& item : parsed.items) {
        if (item.effect == nullptr ? !filled : item.effect->role == Role::program) {
            return {item.index, item.value};
        }
        filled = filled || item.effect == nullptr || item.effect->fills == "program";
    }
    return {};
}

std::vector<CommandUse> build_uses(const Tool& tool, const Parsed& parsed) {
    std::vector<CommandUse> uses;
    const std::span<const Item> items = parsed.items;
    std::size_t from = 0;
    for (std::size_t at = 0; at <= items.size(); ++at) {
        const bool ends = at == items.size();
        if (ends || (items[at].effect != nullptr && items[at].effect->separates)) {
            SetBuilder(tool, parsed, items.subspan(from, at - from)).build(uses);
            from = at + 1;
        }
    }
    for (CommandUse& use : uses) {
        use.tool = tool.name;
        use.opaque = use.opaque || parsed.cut;
    }
    std::ranges::stable_sort(uses, {}, &CommandUse::act);
    return uses;
}

}  // namespace mailvigil::detect::command
