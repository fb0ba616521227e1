// ActivationTable: commands that make a change of mail configuration, or put one into effect. Data:
// rules/activation.yml.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/yaml.h"
#include "lineage/process.h"

namespace mailvigil::detect {

enum class ActivationKind : std::uint8_t { edit, build, activate };

struct Activation {
    std::string software;  ///< empty: the service manager; the unit's name tells
    std::vector<std::string> programs;
    std::vector<std::string> arguments;
    ActivationKind kind = ActivationKind::activate;
    std::string does;
};

class ActivationTable {
  public:
    void load(const yaml::Node& document, std::string_view source, Diagnostics& diagnostics);

    /// The row that the process's command line matches; null: none. Valid as long as the table.
    [[nodiscard]] const Activation* find(const lineage::Process& process) const;

  private:
    std::vector<Activation> activations_;
};

}  // namespace mailvigil::detect
