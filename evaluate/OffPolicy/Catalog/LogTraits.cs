namespace OfflineRL.Evaluate;

/// <summary>What decides which estimators apply to a policy and a log.</summary>
/// <param name="Dataset">Its name.</param>
/// <param name="MaxLength">Steps of the longest episode.</param>
/// <param name="HasPropensities">Whether the log knows how its actions were drawn.</param>
/// <param name="HasValues">Whether the config gives q and v.</param>
sealed record LogTraits(string Dataset, int MaxLength, bool HasPropensities, bool HasValues)
{
    /// <summary>Whether the policy gives every action a probability or a density.</summary>
    public bool PolicyHasPropensities { get; init; } = true;

    /// <summary>Whether the values go on past cuts that the log has: logged rewards do not.</summary>
    public bool ValuesGoPastCuts { get; init; }

    /// <summary>Those that a config names; where it names none, those that are usual for the log, the policy and what is given.</summary>
    /// <param name="specs">Parsed; empty: none named.</param>
    /// <param name="refusal">Of the policy, where none applies.</param>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">One does not apply, or none does; the message says why.</exception>
    public IReadOnlyList<EstimatorSpec> Choose(IReadOnlyList<EstimatorSpec> specs, Func<Exception> refusal)
    {
        foreach (var spec in specs)
            Require(spec);
        if (specs.Count > 0)
            return specs;
        var usual = EstimatorCatalog.All.Where(Suggests).Select(EstimatorSpec.Of).ToList();
        return usual.Count > 0 ? usual : throw (HasPropensities ? refusal() : EvaluateThrow.UnknownPropensities(Dataset));
    }

    LogKind Kind => MaxLength == 1 ? LogKind.SingleDecisions : LogKind.Sequences;

    PolicyKind Policy => PolicyHasPropensities ? PolicyKind.WithPropensities : PolicyKind.Deterministic;

    bool Suggests(EstimatorDefinition estimator) =>
        Allows(estimator) && (estimator.DefaultOn == LogKind.Any || estimator.DefaultOn == Kind);

    void Require(EstimatorSpec spec)
    {
        var estimator = spec.Definition;
        if (estimator.NeedsPropensities && !HasPropensities)
            throw EvaluateThrow.UnknownPropensities(Dataset, spec.Text);
        if (estimator.NeedsValues && !HasValues)
            throw EvaluateThrow.NoValues(spec.Text);
        if (estimator.CorrectsAlongEpisodes && ValuesGoPastCuts)
            throw EvaluateThrow.CorrectionPastCuts(spec.Text, Dataset);
        if (Allows(estimator))
            return;
        var applying = string.Join(", ", EstimatorCatalog.All.Where(Allows).Select(e => e.Name));
        throw estimator.Policies != PolicyKind.Any && estimator.Policies != Policy
            ? EvaluateThrow.EstimatorForOtherPolicies(spec.Text, PolicyHasPropensities, applying)
            : EvaluateThrow.EstimatorForOtherLogs(spec.Text, Dataset, MaxLength, applying);
    }

    bool Allows(EstimatorDefinition estimator) =>
        (estimator.Logs == LogKind.Any || estimator.Logs == Kind)
        && (estimator.Policies == PolicyKind.Any || estimator.Policies == Policy)
        && (HasPropensities || !estimator.NeedsPropensities)
        && (HasValues || !estimator.NeedsValues)
        && !(ValuesGoPastCuts && estimator.CorrectsAlongEpisodes);
}
