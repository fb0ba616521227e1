// Story: what one session or process tree did to the path of mail, and what came of it: change ->
// activate -> observed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detect/analytic.h"
#include "detect/group.h"

namespace mailvigil::detect::analytic::tampering {

enum class Stage : std::uint8_t { change, activate, observed };

std::string_view to_text(Stage stage);

/// What a change is taken for.
enum class Verdict : std::uint8_t {
    tampering,
    owner,
    administration,
    package,
    configuration_management,
    maintenance,
    service
};

std::string_view to_text(Verdict verdict);

class Story {
  public:
    static constexpr std::size_t kObjectsMax = 256;
    static constexpr std::size_t kStepsMax = 12;
    static constexpr std::size_t kEvidenceMax = 64;

    Story(GroupKey key,
          Verdict verdict,
          const lineage::Process& actor,
          const Context& context,
          Timestamp time);

    void add_change(std::string_view path,
                    const mail::ConfigurationPlace& place,
                    std::string_view verb,
                    const lineage::Process& process,
                    const Event& event);
    void add_activation(const lineage::Process& process,
                        std::string_view does,
                        bool same_hand,
                        const Event& event);
    /// The mail system ran a program that it is not known to run.
    void add_execution(const lineage::Process& process,
                       std::string_view daemon,
                       std::string_view program,
                       std::string how,
                       const Event& event);
    /// Whether the process, or the one that started it, was told of as an execution already.
    [[nodiscard]] bool has_told_of(const lineage::Process& process) const;

    void add_reason(std::string reason) { add_once(reasons_, std::move(reason), kStepsMax); }

    void raise(Level level) { floor_ = std::max(floor_, level); }

    [[nodiscard]] bool touches(std::string_view software) const;
    [[nodiscard]] Level level() const;

    [[nodiscard]] Stage stage() const { return stage_; }

    [[nodiscard]] Timestamp first_change() const { return first_; }

    std::optional<Finding> update(Timestamp time, bool closing);

    GroupKey key;
    Verdict verdict;
    Timestamp last{};
    std::uint64_t executions = 0;

  private:
    struct Object {
        std::string software;
        mail::ObjectRole role;
        std::string verbs;
        std::string means;
        std::string activation;
        Level severity = Level::medium;
        std::string user;
        std::size_t order = 0;  ///< of first change
    };

    /// A program that the mail system ran, and how often.
    struct Run {
        std::string program;
        std::string text;
        std::uint64_t count = 0;
    };

    using Changed = std::pair<const std::string, Object>;

    /// What was changed, weightiest first.
    [[nodiscard]] std::vector<const Changed*> changes() const;
    [[nodiscard]] std::vector<Step> steps() const;
    [[nodiscard]] std::string title() const;
    [[nodiscard]] Finding finding(Timestamp time, bool closing) const;
    void add_evidence(std::string_view event_id);

    const Context& context_;
    Timestamp first_{};
    std::map<std::string, Object> objects_;
    std::vector<std::string> commands_;
    std::vector<std::string> activations_;
    std::vector<Run> observed_;
    std::vector<lineage::ProcessRef> ran_;
    std::vector<std::string> reasons_;
    std::vector<std::string> evidence_;
    Stage stage_ = Stage::change;
    Level floor_ = Level::informational;
    Actor actor_;
    std::string who_;
    bool inferred_ = false;
    Incident incident_;
};

}  // namespace mailvigil::detect::analytic::tampering
