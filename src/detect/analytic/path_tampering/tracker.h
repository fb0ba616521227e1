// Tracker: the state of AN0473 for one host.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "detect/analytic.h"
#include "detect/analytic/path_tampering/story.h"

namespace mailvigil::detect::analytic::tampering {

class Tracker final : public AnalyticState {
  public:
    static constexpr std::size_t kStoriesMax = 512;
    static constexpr std::size_t kNamesMax = 1'024;
    static constexpr std::size_t kProgramsMax = 4'096;

    explicit Tracker(const Context& context) : context_(context) {}

    void apply(const Event& event, const lineage::Process* process) override;
    void pass_time(Timestamp now) override;

    void forget(const lineage::Process& /*process*/) override {}

    void finish() override;

  private:
    struct Judgement {
        Verdict verdict = Verdict::tampering;
        std::string reason;
    };

    void on_file(const Event& event, const lineage::Process& process);
    void on_change(const Event& event,
                   const lineage::Process& process,
                   std::string_view path,
                   const mail::ConfigurationPlace& place,
                   std::string_view verb);
    /// What a path was before somebody gave it another name; empty: nothing known.
    [[nodiscard]] std::string earlier_name(std::string_view path) const;
    void note_name(std::string_view path, std::string_view original);
    void on_edit_command(const Event& event,
                         const lineage::Process& process,
                         const Activation& activation);
    void on_exec(const Event& event, const lineage::Process& process);
    void on_activation(const Event& event,
                       const lineage::Process& process,
                       const Activation& activation);
    void on_service(const Event& event);
    void on_unexpected(const Event& event,
                       const lineage::Process& process,
                       std::string_view daemon,
                       std::string_view program);
    void note_written(const Event& event, const lineage::Process& process, std::string_view path);

    [[nodiscard]] Judgement judge(const lineage::Process& process,
                                  std::string_view path,
                                  const mail::ConfigurationPlace& place,
                                  Timestamp time);
    Story& story_of(const lineage::Process& process, Verdict verdict, Timestamp time);
    [[nodiscard]] std::string software_of(std::string_view daemon) const;
    void tell(Story& story, Timestamp time);

    Context context_;
    std::vector<std::unique_ptr<Story>> stories_;
    /// Links to configuration, what links of the configuration lead to, and folders of it under
    /// another name -> the path that the mail system knows.
    std::map<std::string, std::string, std::less<>> names_;
    std::unordered_map<std::string, std::uint64_t> unexpected_;  ///< runs of each program
    Timestamp swept_{};
};

}  // namespace mailvigil::detect::analytic::tampering
