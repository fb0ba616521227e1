// Tracker: the state of AN1310 for one host. Which process carries mail (it read a store, was fed
// by one that did, or opened a file that holds mail) and what became of it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "detect/analytic.h"
#include "detect/analytic/mail_collection/access.h"
#include "detect/analytic/mail_collection/collection.h"
#include "detect/analytic/mail_collection/judge.h"

namespace mailvigil::detect::analytic::collection {

class Tracker final : public AnalyticState {
  public:
    static constexpr std::size_t kCollectionsMax = 512;
    static constexpr std::size_t kInodesMax = 16'384;
    static constexpr std::size_t kConsumersMax = 128;
    static constexpr std::size_t kCreatedMax = 4;
    /// The programs of a pipeline start within this time of each other.
    static constexpr Duration kPipeline = std::chrono::seconds(2);

    explicit Tracker(const Context& context);

    void apply(const Event& event, const lineage::Process* process) override;
    void pass_time(Timestamp now) override;
    void forget(const lineage::Process& process) override;
    void finish() override;

  private:
    /// What is remembered of a process for the case that it turns out to carry mail.
    struct Trail {
        lineage::ProcessRef process;
        std::vector<std::string> created;  ///< the latest files that it made
        bool carries = false;              ///< it read mail, or was fed with it
        GroupKey carried_from;             ///< of the collection whose mail that is
        std::uint64_t origin = 0;          ///< what a backup carries, in held_
        std::string connected;  ///< "203.0.113.9:8080"; empty: it made no connection to the outside
        Timestamp connected_time{};
        std::string connected_event;
        std::string sent_with;  ///< exec of the image whose way out was told already
        Tie sent_tie = Tie::session;
    };

    struct Consumer {
        lineage::ProcessRef process;
        GroupKey key;
        Timestamp time{};
    };

    void on_exec(const Event& event, const lineage::Process& process);
    void on_file(const Event& event, const lineage::Process& process);
    std::string_view store_path(const Event& event);
    Access& note_access(const Event& event,
                        const lineage::Process& process,
                        const mail::StorePlace& place,
                        AccessClass access_class,
                        bool& fresh);
    void on_store(const Event& event,
                  const lineage::Process& process,
                  const mail::StorePlace& place);
    void on_new_file(const Event& event, const lineage::Process& process, std::string_view path);
    void on_moved_file(const Event& event, const lineage::Process& process);
    void note_second_name(const Event& event,
                          const lineage::Process& process,
                          std::string_view path,
                          std::string_view target);
    void on_connection(const Event& event, const lineage::Process& process);

    void suspect(const Event& event,
                 const lineage::Process& process,
                 const mail::StorePlace& place,
                 Access& access);
    void account_maintenance(const Event& event,
                             const lineage::Process& process,
                             const mail::StorePlace& place,
                             Access& access,
                             bool fresh);
    void carry(const lineage::Process& process, const mail::StorePlace& place, const Event& event);
    void hold(Collection& collection,
              const std::vector<std::string>& paths,
              const lineage::Process& process,
              const Event& event);
    void taint(Collection& collection, const lineage::Process& process, const Event& event);
    void consider_uses(const lineage::Process& process, const Event& event);
    void consider_staging(const lineage::Process& process,
                          const CommandUse& use,
                          const Event& event);
    void consider_way_out(const lineage::Process& process,
                          const CommandUse& use,
                          const Event& event);
    /// Opening a file that holds mail from earlier is reading that mail.
    void recall(std::string_view path, const lineage::Process& process, const Event& event);
    void tell_author(Collection& collection, const lineage::Process& process, Timestamp time);
    void claim_accesses(const lineage::Process& process, const CommandUse& use, const Event& event);

    /// The collection whose mail the use of a command takes in, by flow; null: none.
    Collection* flow_into(const lineage::Process& process,
                          const CommandUse& use,
                          std::string& reason);
    /// The open collection of the same session, tree or person; null: none.
    Collection* recent(const lineage::Process& process, Timestamp time, std::string& reason);
    Collection* carried_by(const lineage::Process& process);
    Collection* holding(std::string_view path);
    Collection& collection_of(const lineage::Process& process, Verdict kind, Timestamp time);
    Trail& trail_of(const lineage::Process& process);
    [[nodiscard]] bool is_way_out_by_name(const CommandUse& use) const;
    void tell(Collection& collection, Timestamp time);
    void close(Collection& collection, Timestamp time);
    void record_access(const Access& access);

    Context context_;
    Judge judge_;
    AccessBook accesses_;
    std::vector<std::unique_ptr<Collection>> collections_;
    std::map<std::string, GroupKey, std::less<>> artefacts_;
    HeldMail held_;
    HarvestMemory harvests_;
    std::vector<Trail> trails_;
    std::deque<Consumer> consumers_;
    std::vector<lineage::ProcessRef> to_taint_;

    /// A file or folder of a store by its inode; a newer one takes the place of an older one.
    struct Inode {
        std::uint64_t file = 0;
        std::string path;
    };

    std::vector<Inode> inodes_ = std::vector<Inode>(kInodesMax);
    Timestamp swept_{};
    bool store_events_seen_ = false;
};

}  // namespace mailvigil::detect::analytic::collection
