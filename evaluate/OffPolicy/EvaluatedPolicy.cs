using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>One policy snapshot to be estimated: one that can be computed, or one that is stored with the log.</summary>
sealed record EvaluatedPolicy(string Algorithm, string Policy, long? Seed, int? Step, PolicyCandidate? Candidate, ColumnsPolicySpec? Columns)
{
    public static EvaluatedPolicy Of(PolicyCandidate candidate) =>
        new(candidate.Algorithm, candidate.Policy, candidate.Seed, candidate.Step, candidate, null);

    public static EvaluatedPolicy Of(ColumnsPolicySpec spec) => new("columns", spec.Text["columns:".Length..], null, null, null, spec);

    /// <summary>Opens it for the log's rows; the caller disposes <paramref name="loaded"/> where it is disposable.</summary>
    /// <exception cref="UserErrorException">It does not fit the log.</exception>
    public IEvaluationPolicy Open(TrainingColumns columns, out IPolicy? loaded)
    {
        var policy = Candidate?.Load();
        loaded = policy;
        if (policy is null)
            return new StoredPolicy(Columns!, columns);
        PolicySpaces.RequireFit(policy, columns.Info.ObservationSpace, columns.Info.ActionSpace, columns.Info.Dataset);
        if (policy.CreateState(1) is not null)
            throw EvaluateThrow.PolicyWithMemory(Policy);
        return new ComputedPolicy(policy, columns);
    }
}
