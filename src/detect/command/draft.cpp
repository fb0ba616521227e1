#include "detect/command/draft.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "detect/command/use_builder.h"
#include "detect/command/value_form.h"

namespace mailvigil::detect::command {

namespace {

constexpr std::array<std::string_view, kActs> kPhrases = {"sends the file",
                                                          "hands it to the mail system",
                                                          "copies to another host",
                                                          "offers it",
                                                          "puts it into an archive",
                                                          "compresses it",
                                                          "encodes it",
                                                          "encrypts it",
                                                          "copies it",
                                                          "reads it",
                                                          "lists names",
                                                          "fetches from another host",
                                                          "sends nothing"};

bool uses_network(Act act) {
    return act == Act::upload || act == Act::submit || act == Act::transfer || act == Act::serve ||
           act == Act::download;
}

std::string reason_of(const Effect& effect,
                      std::string_view option,
                      std::string_view value,
                      Act act) {
    const std::string_view shown = value.substr(0, kShownBytesMax);
    return fmt::format("{}{}{}{}: {}",
                       option,
                       option.empty() || value.empty() || option.ends_with('=') ? "" : " ",
                       shown,
                       shown.size() < value.size() ? "..." : "",
                       effect.because.empty() ? kPhrases[static_cast<std::size_t>(act)]
                                              : std::string_view(effect.because));
}

/// `host:path` with no slash before the colon, `host::module`, or a URL.
bool is_remote(std::string_view name, Remote remote) {
    if (name.find("://") != std::string_view::npos) {
        return true;
    }
    const std::size_t colon = name.find_first_of(":/");
    return remote == Remote::colon && colon != std::string_view::npos && name[colon] == ':';
}

void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void Draft::add_source(std::string_view path) {
    if (use.sources.size() < kPathsMax) {
        use.sources.emplace_back(path);
    } else {
        ++left_out;
    }
}

void Draft::add_output(std::string_view path) {
    if (is_standard_output(path)) {
        standard_output = true;
    } else if (path.empty()) {
        return;
    } else if (use.outputs.size() < kPathsMax) {
        use.outputs.emplace_back(path);
    } else {
        ++left_out;
    }
}

void Drafts::touch(Draft& draft, std::string because) {
    draft.touched = true;
    if (draft.use.because.empty()) {
        draft.use.because = std::move(because);
    }
}

void Drafts::add_destination(std::string_view destination) {
    if (!destination.empty() && destinations_.size() < kPathsMax) {
        destinations_.emplace_back(destination);
    }
}

void Drafts::apply(const Effect& effect, std::string_view option, std::string_view value) {
    Draft& draft = effect.act ? at(*effect.act) : own_;
    const Act act = effect.act.value_or(Act::upload);
    bool counts = effect.act.has_value();
    switch (effect.role) {
        case Role::source:
            apply_source(draft, effect, option, value);
            counts = false;
            break;
        case Role::output:
            draft.add_output(value);
            break;
        case Role::destination:
            add_destination(value);
            break;
        case Role::port:
            if (!destinations_.empty()) {
                destinations_.back() += ':';
                destinations_.back() += value;
            }
            break;
        case Role::recipient:
            if (recipients_.size() < kPathsMax) {
                recipients_.emplace_back(value);
            }
            break;
        case Role::content:
            draft.use.in_arguments = true;
            break;
        case Role::config:
            draft.use.opaque = true;
            break;
        case Role::endpoint:
            endpoints_.push_back(value);
            break;
        default:
            break;
    }
    draft.use.opaque = draft.use.opaque || effect.opaque;
    draft.standard_input = effect.standard_input ? effect.standard_input : draft.standard_input;
    draft.standard_output = effect.standard_output ? effect.standard_output : draft.standard_output;
    if (counts) {
        touch(draft, reason_of(effect, option, effect.role == Role::ignored ? "" : value, act));
    }
    if (effect.long_bytes > 0 && effect.role != Role::source) {
        const std::size_t bytes = read_form(effect.form, value).content_bytes;
        if (bytes >= effect.long_bytes) {
            at(Act::upload).use.in_arguments = true;
            touch(at(Act::upload),
                  fmt::format("{}{}carries {} bytes in the arguments",
                              option,
                              option.empty() ? "" : ": ",
                              bytes));
        }
    }
}

void Drafts::apply_source(Draft& draft,
                          const Effect& effect,
                          std::string_view option,
                          std::string_view value) {
    const FormReading reading = read_form(effect.form, value);
    for (const std::string_view file : reading.files) {
        draft.add_source(file);
    }
    const bool has_file = !reading.files.empty();
    const bool is_long = effect.long_bytes > 0 && !has_file && value.size() >= effect.long_bytes;
    draft.use.in_arguments = draft.use.in_arguments || reading.content || is_long;
    draft.use.standard_input = draft.use.standard_input || reading.standard_input;
    if (!effect.act || (!has_file && !reading.content && !is_long && !reading.standard_input)) {
        return;
    }
    Effect shown = effect;
    if (reading.content || is_long) {
        shown.because = "sends what it says";
    } else if (reading.standard_input) {
        shown.because = "sends standard input";
    }
    touch(draft, reason_of(shown, option, value, *effect.act));
}

void Drafts::merge(const CommandUse& use) {
    if (use.act == Act::inspect) {
        return;
    }
    Draft& draft = at(use.act);
    append(draft.use.sources, use.sources);
    append(draft.use.outputs, use.outputs);
    draft.use.opaque = draft.use.opaque || use.opaque;
    draft.use.standard_input = draft.use.standard_input || use.standard_input;
    draft.use.standard_output = draft.use.standard_output || use.standard_output;
    draft.use.in_arguments = draft.use.in_arguments || use.in_arguments;
    add_destination(use.destination);
    touch(draft, use.because);
}

void Drafts::finish_endpoints(const Tool& tool, const Grammar& grammar) {
    if (endpoints_.empty()) {
        return;
    }
    const std::string_view target = endpoints_.back();
    const bool alone = endpoints_.size() == 1;
    if (!alone) {
        endpoints_.pop_back();
    }
    const auto remote = [&](std::string_view name) { return is_remote(name, tool.remote); };
    const auto from = std::ranges::find_if(endpoints_, remote);
    if (alone) {
        endpoint_act_ = remote(target) ? Act::enumerate : grammar.act;
        (remote(target) ? add_destination(target) : own_.add_source(target));
        return;
    }
    endpoint_act_ = remote(target)             ? grammar.act
                    : from != endpoints_.end() ? Act::download
                                               : Act::copy;
    for (const std::string_view name : endpoints_) {
        if (!remote(name)) {
            own_.add_source(name);
        }
    }
    if (remote(target)) {
        add_destination(target);
    } else {
        own_.add_output(target);
        add_destination(from == endpoints_.end() ? std::string_view() : *from);
    }
}

std::string Drafts::destination() const {
    return recipients_.empty() ? fmt::format("{}", fmt::join(destinations_, " "))
                               : fmt::format("{}", fmt::join(recipients_, ","));
}

bool Drafts::meets(Needs needs, bool has_operands) const {
    switch (needs) {
        case Needs::nothing:
            return true;
        case Needs::destination:
            return !destinations_.empty() || !recipients_.empty();
        case Needs::source:
            return !own_.use.sources.empty() || own_.use.standard_input;
        case Needs::output:
            return !own_.use.outputs.empty() || own_.standard_output.value_or(false);
        case Needs::operand:
            return has_operands;
    }
    return true;
}

void Drafts::finish_own(const Grammar& grammar, std::string_view reason, bool has_operands) {
    CommandUse& use = own_.use;
    const bool met = meets(grammar.needs, has_operands);
    use.act = met ? endpoint_act_.value_or(grammar.act) : grammar.otherwise;
    if (met && receives_ && use.act == Act::upload) {
        use.act = Act::download;
    }
    if (use.sources.empty() && !use.standard_input && !grammar.implied.empty()) {
        own_.add_source(grammar.implied);
    }
    const bool wants_input = grammar.standard_input == Stream::always ||
                             (grammar.standard_input == Stream::instead && use.sources.empty());
    use.standard_input = own_.standard_input.value_or(
        use.standard_input || (met && wants_input && use.act != Act::download));
    if (use.outputs.empty() && !own_.standard_output && !grammar.suffix.empty()) {
        for (const std::string& source : use.sources) {
            own_.use.outputs.push_back(source + grammar.suffix);
        }
    }
    const bool wants_output = grammar.standard_output == Stream::always ||
                              (grammar.standard_output == Stream::instead && use.outputs.empty());
    use.standard_output = own_.standard_output.value_or(wants_output);
    use.opaque = use.opaque || grammar.opaque;
    if (use.because.empty()) {
        const bool said = use.act == grammar.act && !grammar.because.empty();
        use.because = fmt::format(
            "{}{}{}",
            reason,
            reason.empty() ? "" : ": ",
            said ? std::string_view(grammar.because) : kPhrases[static_cast<std::size_t>(use.act)]);
    }
}

void Drafts::finish(const Grammar& grammar,
                    std::string_view reason,
                    bool has_operands,
                    std::vector<CommandUse>& out) {
    finish_own(grammar, reason, has_operands);
    const bool any = std::ranges::any_of(drafts_, &Draft::touched);
    const bool sends = std::ranges::any_of(drafts_.begin(), drafts_.begin() + 4, &Draft::touched);
    Draft& same = at(own_.use.act);
    if (same.touched) {
        same.left_out += own_.left_out;
        merge(own_.use);
    } else if (!any || (own_.use.act != Act::inspect && (!sends || !own_.use.sources.empty()))) {
        same = own_;
        same.touched = true;
    }
    for (std::size_t i = 0; i < kActs; ++i) {
        Draft& draft = drafts_[i];
        if (!draft.touched) {
            continue;
        }
        CommandUse& use = draft.use;
        use.act = static_cast<Act>(i);
        use.standard_input = draft.standard_input.value_or(use.standard_input);
        use.standard_output = draft.standard_output.value_or(use.standard_output);
        if (uses_network(use.act)) {
            use.destination = destination();
        }
        if (draft.left_out > 0) {
            use.because += fmt::format(" (and {} more files)", draft.left_out);
        }
        out.push_back(std::move(use));
    }
}

}  // namespace mailvigil::detect::command
