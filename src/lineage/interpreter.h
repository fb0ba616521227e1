// Interpreters: which programs run scripts, and how their command line names the script. Data:
// profiles/interpreters.yml.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/yaml.h"

namespace mailvigil::lineage {

enum class ScriptKind : std::uint8_t {
    none,            ///< a program of its own
    file,            ///< a script file
    inline_text,     ///< bash -c '…', python -c '…'
    standard_input,  ///< fed by a pipe or a here-document, or typed
};

/// What an interpreter was told to run.
struct Script {
    ScriptKind kind = ScriptKind::none;
    std::string_view
        interpreter;  ///< name in the profile, e.g. "bash"; borrowed from the InterpreterTable
    std::string_view
        text;  ///< path of the file as given, or the inline text; borrowed from the arguments
};

class InterpreterTable {
  public:
    void load(const yaml::Node& document, std::string_view source, Diagnostics& diagnostics);

    /// What the command line runs. `named`: the path that execve(2) was called with; where it
    /// differs from the executable, the kernel found a `#!` line in it.
    [[nodiscard]] Script script_of(std::string_view executable,
                                   std::string_view named,
                                   std::span<const std::string_view> args) const;

  private:
    struct Interpreter {
        std::string name;
        std::vector<std::string> programs;      ///< globs of the base name
        std::vector<std::string> inline_flags;  ///< -c, -e
        std::vector<std::string> value_flags;   ///< options whose next argument is theirs
        std::vector<std::string> module_flags;  ///< -m: what follows is a module, no file
    };

    [[nodiscard]] const Interpreter* find(std::string_view executable) const;

    std::vector<Interpreter> interpreters_;
};

}  // namespace mailvigil::lineage
