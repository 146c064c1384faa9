namespace OfflineRL.Evaluate;

/// <summary>What decides which estimators apply.</summary>
/// <param name="Dataset">Its name.</param>
/// <param name="MaxLength">Steps of the longest episode.</param>
/// <param name="HasPropensities">Whether the log knows how its actions were drawn.</param>
/// <param name="HasValues">Whether the config gives q and v.</param>
sealed record LogTraits(string Dataset, int MaxLength, bool HasPropensities, bool HasValues)
{
    public LogKind Kind => MaxLength == 1 ? LogKind.SingleDecisions : LogKind.Sequences;

    /// <summary>Whether an estimator is computed where none is named.</summary>
    public bool Suggests(EstimatorDefinition estimator) =>
        Allows(estimator) && (estimator.DefaultOn == LogKind.Any || estimator.DefaultOn == Kind);

    /// <summary>Refuses an estimator that does not apply.</summary>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">It does not; the message says why.</exception>
    public void Require(EstimatorSpec spec)
    {
        var estimator = spec.Definition;
        if (estimator.NeedsPropensities && !HasPropensities)
            throw EvaluateThrow.UnknownPropensities(Dataset, spec.Text);
        if (estimator.NeedsValues && !HasValues)
            throw EvaluateThrow.NoValues(spec.Text);
        if (!Allows(estimator))
            throw EvaluateThrow.EstimatorForOtherLogs(spec.Text, Dataset, MaxLength, string.Join(", ", EstimatorCatalog.All.Where(Allows).Select(e => e.Name)));
    }

    bool Allows(EstimatorDefinition estimator) =>
        (estimator.Logs == LogKind.Any || estimator.Logs == Kind)
        && (HasPropensities || !estimator.NeedsPropensities)
        && (HasValues || !estimator.NeedsValues);
}
