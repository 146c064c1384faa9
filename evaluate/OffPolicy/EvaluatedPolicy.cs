using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>One policy snapshot to be estimated: one that can be computed, or one that is stored with the log.</summary>
sealed record EvaluatedPolicy(string Algorithm, string Policy, long? Seed, int? Step, PolicyCandidate? Candidate, PolicySpec? Stored)
{
    public static EvaluatedPolicy Of(PolicyCandidate candidate) =>
        new(candidate.Algorithm, candidate.Policy, candidate.Seed, candidate.Step, candidate, null);

    /// <summary>Of columns of the log, or of a table beside it.</summary>
    public static EvaluatedPolicy Of(PolicySpec spec) => spec is TablePolicySpec table
        ? new("table", Path.GetFileName(table.File), null, null, null, spec)
        : new("columns", spec.Text["columns:".Length..], null, null, null, spec);

    /// <summary>Opens it for the log's rows; the caller disposes <paramref name="loaded"/> where it is disposable.</summary>
    /// <exception cref="UserErrorException">It does not fit the log.</exception>
    public IEvaluationPolicy Open(TrainingColumns columns, out IPolicy? loaded)
    {
        var policy = Candidate?.Load();
        loaded = policy;
        if (policy is null)
            return Stored is TablePolicySpec table ? new TablePolicy(table, columns) : new StoredPolicy((ColumnsPolicySpec)Stored!, columns);
        PolicySpaces.RequireFit(policy, columns.Info.ObservationSpace, columns.Info.ActionSpace, columns.Info.Dataset);
        if (policy.CreateState(1) is not null)
            throw EvaluateThrow.PolicyWithMemory(Policy);
        return new ComputedPolicy(policy, columns);
    }
}
