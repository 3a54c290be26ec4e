#include "core/indexes/set.hpp"

namespace elile::core {
namespace {

constexpr SetColumn kNone = {nullptr, ColumnNeed::kOrdered, false};

constexpr SetColumn Asc(const char* name) { return {name, ColumnNeed::kOrdered, false}; }
constexpr SetColumn Desc(const char* name) { return {name, ColumnNeed::kOrdered, true}; }

constexpr SetIndex Btree(const char* name, const char* table, const SetColumn& first,
                         const SetColumn& second, const SetColumn& third, const char* serves) {
    return {name, table, IndexMethod::kBtree, {first, second, third}, {}, serves};
}

constexpr SetIndex Gin(const char* name, const char* table, const char* column,
                       const char* serves) {
    return {name, table, IndexMethod::kGin, {{column, ColumnNeed::kJsonb, false}}, {}, serves};
}

constexpr SetIndex Where(SetIndex index, const SetPredicate& predicate) {
    index.predicate = predicate;
    return index;
}

constexpr SetPredicate AtLeast(const char* column, double bound) {
    return {PredicateKind::kAtLeast, {column, ColumnNeed::kNumber, false}, bound, {}};
}

constexpr SetPredicate OneOf(const char* column, std::string_view first, std::string_view second,
                             std::string_view third = {}) {
    return {PredicateKind::kOneOf, {column, ColumnNeed::kText, false}, 0, {first, second, third}};
}

constexpr SetPredicate IsTrue(const char* column) {
    return {PredicateKind::kIsTrue, {column, ColumnNeed::kBoolean, false}, 0, {}};
}

constexpr const char* kEntities = "entities";
constexpr const char* kProfiles = "entity_profiles";
constexpr const char* kRelations = "entity_relations";
constexpr const char* kAudit = "audit_events";
constexpr const char* kCache = "cached_data_sources";
constexpr const char* kTenants = "tenants";

}  // namespace

constexpr const char* const kSetTableNames[kSetTables] = {kEntities, kProfiles, kRelations,
                                                          kAudit,    kCache,    kTenants};

constexpr SetIndex kIndexSet[kSetIndexes] = {
    Gin("idx_entities_canonical_identifiers_gin", kEntities, "canonical_identifiers",
        "entities by a canonical identifier: canonical_identifiers @> ..."),
    Btree("idx_entities_tenant_type", kEntities, Asc("tenant_id"), Asc("entity_type"), kNone,
          "a tenant's entities of a type"),
    Btree("idx_entities_origin_created", kEntities, Asc("data_origin"), Desc("created_at"), kNone,
          "entities of an origin, newest first: cache management"),
    Btree("idx_profiles_entity_version_desc", kProfiles, Asc("entity_id"), Desc("version"), kNone,
          "the latest version of an entity's profile"),
    Btree("idx_profiles_trigger_created_desc", kProfiles, Asc("trigger_type"), Desc("created_at"),
          kNone, "profiles of a trigger, newest first"),
    Gin("idx_profiles_findings_gin", kProfiles, "findings", "searches in findings"),
    Gin("idx_profiles_risk_score_gin", kProfiles, "risk_score", "searches in risk scores"),
    Btree("idx_relations_bidirectional", kRelations, Asc("from_entity_id"), Asc("to_entity_id"),
          Asc("relation_type"), "a relation between two entities"),
    Btree("idx_relations_to_type", kRelations, Asc("to_entity_id"), Asc("relation_type"), kNone,
          "relations to an entity: the reverse look-up"),
    Where(Btree("idx_relations_high_confidence", kRelations, Asc("from_entity_id"),
                Asc("to_entity_id"), kNone, "the graph of high-confidence relations"),
          AtLeast("confidence_score", 0.85)),
    Btree("idx_audit_tenant_timestamp_desc", kAudit, Asc("tenant_id"), Desc("created_at"), kNone,
          "a tenant's audit log, page by page"),
    Btree("idx_audit_type_severity", kAudit, Asc("event_type"), Asc("severity"), kNone,
          "audit events of a type and severity"),
    Btree("idx_audit_entity_timestamp_desc", kAudit, Asc("entity_id"), Desc("created_at"), kNone,
          "an entity's audit trail, newest first"),
    Where(Btree("idx_audit_high_severity", kAudit, Desc("created_at"), kNone, kNone,
                "alerts: recent audit events of high severity"),
          OneOf("severity", "warning", "error", "critical")),
    Btree("idx_cache_entity_provider_check", kCache, Asc("entity_id"), Asc("provider_id"),
          Asc("check_type"), "the look-up in the cache"),
    Where(Btree("idx_cache_active_entries", kCache, Asc("entity_id"), Asc("check_type"), kNone,
                "usable cache entries of an entity"),
          OneOf("freshness_status", "fresh", "stale")),
    Btree("idx_cache_cost_acquired", kCache, Asc("customer_id"), Asc("provider_id"),
          Desc("acquired_at"), "cost by customer and provider over a period"),
    Where(Btree("idx_tenants_active_name", kTenants, Asc("name"), kNone, kNone,
                "active tenants by name"),
          IsTrue("is_active")),
};

const SetIndex* FindInSet(std::string_view name) noexcept {
    for (const SetIndex& index : kIndexSet) {
        if (name == index.name) {
            return &index;
        }
    }
    return nullptr;
}

}  // namespace elile::core
