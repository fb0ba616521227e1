// The argument grammar of one tool, as data: what rules/tools/*.yml says, after reading.
// rules/README.md is its reference.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detect/command_line.h"

namespace mailvigil::detect::command {

inline constexpr std::size_t kActs = static_cast<std::size_t>(Act::inspect) + 1;

/// What a value is to the tool.
enum class Role : std::uint8_t {
    ignored,      ///< nothing that matters here
    source,       ///< a file whose content it takes
    output,       ///< a file it writes
    destination,  ///< a URL, host or address
    port,         ///< appended to the destination
    recipient,    ///< a mail address
    content,      ///< what is sent, itself
    text,         ///< sent too, but content only when long
    config,       ///< a file that says what is sent
    endpoint,     ///< a local path or another host's
    script,       ///< a program text: searched for markers
    setting,      ///< `name=value` of a long option (wgetrc)
    commands,     ///< statements, each with a grammar of its own
    address,      ///< `TYPE:value,option` (socat)
    program,      ///< another tool; the rest are its arguments
    mode,         ///< the name of a mode
};

/// How a value names files.
enum class Form : std::uint8_t {
    name,           ///< the whole of it; `-` is standard input
    at,             ///< `@f` is a file, other text is content
    at_or_text,     ///< `@f` is a file, other text is nothing (unless long)
    at_or_name,     ///< `@f` and `f` are both a file
    at_or_input,    ///< `@f` is a file, `-` standard input, other text content
    name_at,        ///< `@f` and `n@f` are a file, `=t`, `n=t` and `t` content
    field,          ///< `n=@f1,f2;type=t` and `n=<f` are files, `n=t` content
    braces,         ///< `{a,b}` are two files, `.` is standard input too
    list,           ///< `f1,f2`
    unless_equals,  ///< a file, except with a `=` in it
    unless_header,  ///< a file, except when it looks like `Name: value`
    label,          ///< a domain name, measured by its longest label
};

enum class Takes : std::uint8_t {
    nothing,   ///< a flag
    required,  ///< the rest of the cluster, what follows `=`, or the next argument
    attached,  ///< the rest of the cluster or what follows `=`, if anything
    many,      ///< all arguments up to the next option
    rest,      ///< all arguments that are left
};

/// Which way content flows between two addresses.
enum class Flow : std::uint8_t { both, forward, backward };

/// What an option or an operand does.
struct Effect {
    Role role = Role::ignored;
    Form form = Form::name;
    Takes takes = Takes::nothing;
    std::optional<Act> act;  ///< the use it belongs to; none: the grammar's own
    std::string because;
    std::string mode;            ///< the mode that it selects
    std::string fills;           ///< name of the operand that it stands in for
    std::size_t long_bytes = 0;  ///< from here on its value counts as content; 0: never
    std::optional<bool> standard_input;
    std::optional<bool> standard_output;
    std::optional<Flow> flow;
    bool opaque = false;
    bool ends = false;       ///< no options after it
    bool separates = false;  ///< begins a new set of options
};

struct Operand {
    std::string name;
    Effect effect;
    bool repeats = false;
};

/// When a stream takes the place of a file.
enum class Stream : std::uint8_t { never, always, instead };

enum class Needs : std::uint8_t { nothing, destination, source, output, operand };

enum class Remote : std::uint8_t { colon, scheme };

/// A text that shows what a script does.
struct Marker {
    std::string text;
    Act act = Act::upload;
    std::string because;
    std::optional<std::size_t> host_after;  ///< path components between it and `host/port`
};

/// Options by spelling; each spelling leads to an index into `effects`. Spellings are sorted, for
/// abbreviations.
struct OptionTable {
    std::vector<Effect> effects;
    std::map<std::string, std::size_t, std::less<>> spellings;
};

/// What holds for a tool, one of its subcommands or one of its modes.
struct Grammar {
    OptionTable options;
    std::vector<Operand> operands;
    Act act = Act::inspect;
    Act otherwise = Act::inspect;  ///< when `needs` is not met
    Needs needs = Needs::nothing;
    Stream standard_input = Stream::never;
    Stream standard_output = Stream::never;
    std::string because;
    std::string implied;  ///< the source when none is named
    std::string suffix;   ///< of an output beside each source, when no output is named
    bool opaque = false;
    bool stops = false;           ///< the first operand ends the options
    bool operands_first = false;  ///< the first option after an operand ends the operands
};

enum class LongStyle : std::uint8_t {
    getopt,  ///< `--x=v`, `--x v`, abbreviations
    spaced,  ///< `--x v` and abbreviations, no `=`
    exact,   ///< `--x=v`, `--x v`, no abbreviations
};

struct Tool {
    std::string name;
    std::vector<std::string> names;      ///< program names; shell patterns
    std::vector<std::string> also_runs;  ///< names under which argv[0] chooses another tool
    LongStyle long_style = LongStyle::getopt;
    Remote remote = Remote::colon;
    bool words = false;           ///< a single dash begins a word, not a cluster
    bool dashless_first = false;  ///< the first argument is a cluster, dash or not (tar, ar)
    Grammar base;
    std::vector<std::pair<std::string, Grammar>> subcommands;  ///< "s3 cp"; shell patterns
    std::vector<std::pair<std::string, Grammar>> modes;        ///< in order of precedence
    std::vector<std::pair<std::string, Grammar>> commands;     ///< of Role::commands
    std::map<std::string, Effect, std::less<>> addresses;      ///< upper case
    std::vector<Marker> markers;
    std::vector<std::string> sources_after;  ///< script texts before a quoted file name: `open(`
};

/// The grammar of that name, by pattern for subcommands; null: none.
const Grammar* find_grammar(const std::vector<std::pair<std::string, Grammar>>& grammars,
                            std::string_view name);

}  // namespace mailvigil::detect::command
