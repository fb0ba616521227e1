#include "detect/command/argument_parser.h"

#include <algorithm>
#include <iterator>

namespace mailvigil::detect::command {

namespace {

constexpr auto kNone = std::string_view::npos;

struct Found {
    const Effect* effect = nullptr;
    std::string_view option;
};

class Parser {
  public:
    Parser(const Tool& tool, const Grammar& base, std::span<const std::string_view> args)
        : tool_(tool), base_(base), args_(args.first(std::min(args.size(), kArgumentsMax))) {
        out_.cut = args.size() > kArgumentsMax;
        // A statement's grammar has no subcommands: they belong to the tool itself.
        settled_ = &base != &tool.base || tool.subcommands.empty();
    }

    Parsed run() {
        at_ = 1;
        if (tool_.dashless_first && at_ < args_.size() && !args_[at_].starts_with('-')) {
            dashless();
        }
        for (; at_ < args_.size(); ++at_) {
            argument(args_[at_]);
        }
        return std::move(out_);
    }

  private:
    const Grammar& grammar() const { return out_.subcommand ? *out_.subcommand : base_; }

    Found find(std::string_view spelling) const {
        for (const Grammar* in : {&grammar(), &base_}) {
            const auto at = in->options.spellings.find(spelling);
            if (at != in->options.spellings.end()) {
                return {&in->options.effects[at->second], at->first};
            }
        }
        return {};
    }

    Found find_by_prefix(std::string_view spelling) const {
        for (const Grammar* in : {&grammar(), &base_}) {
            const auto at = find_long(in->options, spelling, tool_.long_style);
            if (at != in->options.spellings.end()) {
                return {&in->options.effects[at->second], at->first};
            }
        }
        return {};
    }

    void argument(std::string_view arg) {
        if (ended_) {
            operand(arg);
        } else if (arg == "--") {
            ended_ = true;
        } else if (!arg.starts_with('-')) {
            undashed(arg);
        } else if (arg == "-") {
            operand(arg);
        } else if (arg.starts_with("--")) {
            long_option(arg);
        } else if (const Found found = find(arg); found.effect && (arg.size() > 2 || tool_.words)) {
            take(found, {});
        } else if (tool_.words) {
            word(arg);
        } else {
            cluster(arg.substr(1));
        }
    }

    // An operand; or an option without a dash: find's `(`, dd's `if=f`.
    void undashed(std::string_view arg) {
        if (const Found found = find(arg); found.effect) {
            take(found, {});
            return;
        }
        const std::size_t equals = arg.find('=');
        if (equals != kNone) {
            if (const Found found = find(arg.substr(0, equals + 1)); found.effect) {
                take(found, arg.substr(equals + 1));
                return;
            }
        }
        operand(arg);
    }

    void long_option(std::string_view arg) {
        const std::size_t equals = tool_.long_style == LongStyle::spaced ? kNone : arg.find('=');
        const std::string_view name = arg.substr(0, equals);
        Found found = find_by_prefix(name);
        if (!found.effect && tool_.words) {
            found = find(name.substr(1));
        }
        if (!found.effect) {
            closed_ = closed_ || seen_operand_;
        } else if (equals == kNone) {
            take(found, {});
        } else if (found.effect->takes != Takes::nothing) {
            take(found, arg.substr(equals + 1));
        }
    }

    void word(std::string_view arg) {
        const std::size_t equals = arg.find('=');
        const Found found = equals == kNone ? Found{} : find(arg.substr(0, equals));
        if (found.effect) {
            take(found, arg.substr(equals + 1));
        } else {
            closed_ = closed_ || seen_operand_;
        }
    }

    void cluster(std::string_view letters) {
        for (; !letters.empty(); letters.remove_prefix(1)) {
            const char spelling[] = {'-', letters[0]};
            const Found found = find({spelling, sizeof spelling});
            if (!found.effect) {
                continue;
            }
            if (found.effect->takes == Takes::nothing) {
                take(found, {});
                continue;
            }
            const std::string_view rest = letters.substr(1);
            take(found, rest.empty() ? std::optional<std::string_view>() : rest);
            return;
        }
    }

    // tar(1), ar(1): letters without a dash; each that takes a value takes the next argument.
    void dashless() {
        for (const char letter : args_[at_++]) {
            const char spelling[] = {'-', letter};
            const Found found = find({spelling, sizeof spelling});
            if (!found.effect) {
                continue;
            }
            if (found.effect->takes == Takes::nothing) {
                take(found, {});
            } else if (at_ < args_.size()) {
                push(found, args_[at_++]);
            }
        }
    }

    void push(const Found& found, std::string_view value) {
        out_.items.push_back({found.effect, found.option, value, at_});
    }

    void take(const Found& found, std::optional<std::string_view> attached) {
        closed_ = closed_ || seen_operand_;
        ended_ = ended_ || found.effect->ends;
        switch (found.effect->takes) {
            case Takes::nothing:
                push(found, {});
                break;
            case Takes::attached:
                push(found, attached.value_or(""));
                break;
            case Takes::required:
                if (attached) {
                    push(found, *attached);
                } else if (at_ + 1 < args_.size()) {
                    push(found, args_[++at_]);
                }
                break;
            case Takes::many:
                take_many(found, attached);
                break;
            case Takes::rest:
                take_rest(found, attached);
                break;
        }
    }

    void take_many(const Found& found, std::optional<std::string_view> attached) {
        if (attached) {
            push(found, *attached);
        }
        while (at_ + 1 < args_.size() &&
               (args_[at_ + 1] == "-" || !args_[at_ + 1].starts_with('-'))) {
            push(found, args_[++at_]);
        }
    }

    void take_rest(const Found& found, std::optional<std::string_view> attached) {
        std::string& joined = out_.joined.emplace_back(attached.value_or(""));
        while (at_ + 1 < args_.size()) {
            joined += joined.empty() ? "" : " ";
            joined += args_[++at_];
        }
        push(found, joined);
    }

    void operand(std::string_view arg) {
        if (closed_ && grammar().operands_first) {
            return;
        }
        if (!settled_ && is_subcommand_word(arg)) {
            return;
        }
        seen_operand_ = true;
        ended_ = ended_ || grammar().stops;
        out_.items.push_back({nullptr, {}, arg, at_});
    }

    bool is_subcommand_word(std::string_view arg) {
        std::string path = path_;
        path += path.empty() ? "" : " ";
        path += arg;
        const Grammar* found = find_grammar(tool_.subcommands, path);
        const bool goes_on = std::ranges::any_of(tool_.subcommands, [&](const auto& entry) {
            return entry.first.size() > path.size() && entry.first.starts_with(path) &&
                   entry.first[path.size()] == ' ';
        });
        if (found) {
            out_.subcommand = found;
            out_.subcommand_name = path;
        }
        settled_ = !goes_on;
        path_ = std::move(path);
        return found || goes_on;
    }

    const Tool& tool_;
    const Grammar& base_;
    std::span<const std::string_view> args_;
    Parsed out_;
    std::size_t at_ = 1;
    std::string path_;      ///< of the subcommand, as far as it was seen
    bool settled_ = false;  ///< the subcommand is known, or there is none
    bool ended_ = false;    ///< what follows are operands
    bool seen_operand_ = false;
    bool closed_ = false;  ///< an option came after an operand
};

}  // namespace

std::map<std::string, std::size_t, std::less<>>::const_iterator find_long(const OptionTable& table,
                                                                          std::string_view spelling,
                                                                          LongStyle style) {
    const auto& spellings = table.spellings;
    const auto at = spellings.lower_bound(spelling);
    if (at == spellings.end() || at->first == spelling) {
        return at;
    }
    // getopt_long(3): an abbreviation holds when all that it could stand for do the same. `--`
    // alone stands for none.
    if (style == LongStyle::exact || spelling.size() < 3 || !at->first.starts_with(spelling)) {
        return spellings.end();
    }
    for (auto other = std::next(at); other != spellings.end(); ++other) {
        if (!other->first.starts_with(spelling)) {
            break;
        }
        if (other->second != at->second) {
            return spellings.end();
        }
    }
    return at;
}

Parsed parse_arguments(const Tool& tool,
                       const Grammar& base,
                       std::span<const std::string_view> args) {
    return Parser(tool, base, args).run();
}

}  // namespace mailvigil::detect::command
