// The uses of one command line while they are put together: one draft for each act, and the
// grammar's own.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "detect/command/grammar.h"

namespace mailvigil::detect::command {

struct Draft {
    CommandUse use;
    bool touched = false;                ///< an argument has asked for it
    std::size_t left_out = 0;            ///< files past kPathsMax
    std::optional<bool> standard_input;  ///< as an option wants it
    std::optional<bool> standard_output;

    void add_source(std::string_view path);
    void add_output(std::string_view path);
};

class Drafts {
  public:
    Draft& own() { return own_; }

    Draft& at(Act act) { return drafts_[static_cast<std::size_t>(act)]; }

    static void touch(Draft& draft, std::string because);
    void add_destination(std::string_view destination);
    void apply(const Effect& effect, std::string_view option, std::string_view value);
    /// Takes over a use that was built elsewhere.
    void merge(const CommandUse& use);

    /// The network is where content comes from, not where it goes.
    void receives() { receives_ = true; }

    /// scp(1), rsync(1): the last endpoint is the target; which of them are remote decides the act.
    void finish_endpoints(const Tool& tool, const Grammar& grammar);
    void finish(const Grammar& grammar,
                std::string_view reason,
                bool has_operands,
                std::vector<CommandUse>& out);

  private:
    void apply_source(Draft& draft,
                      const Effect& effect,
                      std::string_view option,
                      std::string_view value);
    [[nodiscard]] bool meets(Needs needs, bool has_operands) const;
    void finish_own(const Grammar& grammar, std::string_view reason, bool has_operands);
    [[nodiscard]] std::string destination() const;

    std::array<Draft, kActs> drafts_;
    Draft own_;
    std::vector<std::string> destinations_;
    std::vector<std::string> recipients_;
    std::vector<std::string_view> endpoints_;
    std::optional<Act> endpoint_act_;
    bool receives_ = false;
};

}  // namespace mailvigil::detect::command
