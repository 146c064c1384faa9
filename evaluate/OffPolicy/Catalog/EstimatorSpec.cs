using System.Globalization;

namespace OfflineRL.Evaluate;

/// <summary>
/// What a config calls an estimator: <c>NAME</c>, or where it has a lambda <c>NAME?lambda=L</c>, <c>NAME?lambdas=L;L;L</c> (tuned
/// among these) and <c>NAME?tune=mse</c>, joined by <c>&amp;</c>.
/// </summary>
/// <param name="Text">As the user wrote it; the table's name of it.</param>
/// <param name="Definition">What it names.</param>
/// <param name="Lambdas">One: given; several: tuned among these; none: it has none.</param>
/// <param name="Tuning">How one of several is chosen.</param>
sealed record EstimatorSpec(string Text, EstimatorDefinition Definition, IReadOnlyList<double> Lambdas, LambdaTuning Tuning)
{
    /// <summary>The one of a definition, with its own lambdas.</summary>
    public static EstimatorSpec Of(EstimatorDefinition definition) => new(definition.Name, definition, definition.Lambdas, LambdaTuning.Slope);

    /// <summary>Parses one name.</summary>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">No such estimator, or an option it does not have.</exception>
    public static EstimatorSpec Parse(string text)
    {
        var question = text.IndexOf('?', StringComparison.Ordinal);
        var definition = EstimatorCatalog.Find(question < 0 ? text : text[..question]);
        var spec = Of(definition) with { Text = text };
        if (question < 0)
            return spec;
        if (definition.Lambdas.Count == 0)
            throw EvaluateThrow.EstimatorOption(text, definition.LargestLambda, hasLambda: false, definition.Shrinkage is not null);
        foreach (var option in text[(question + 1)..].Split('&'))
        {
            spec = option.Split('=') switch
            {
                ["tune", "slope"] => spec with { Tuning = LambdaTuning.Slope },
                ["tune", "mse"] when definition.Shrinkage is not null => spec with { Tuning = LambdaTuning.MeanSquaredError },
                ["lambda", var number] => spec with { Lambdas = [Lambda(text, definition, number)] },
                ["lambdas", var list] => spec with { Lambdas = list.Split(';').Select(number => Lambda(text, definition, number)).ToList() },
                _ => throw EvaluateThrow.EstimatorOption(text, definition.LargestLambda, hasLambda: true, definition.Shrinkage is not null),
            };
        }

        return spec;
    }

    /// <summary>Computes it, and which lambda it was computed with.</summary>
    public (EpisodeStatistic Statistic, double? Lambda) Compute(EstimatorInput input)
    {
        if (Lambdas.Count == 0)
            return (Definition.Compute(input, double.NaN), null);
        var candidates = Lambdas.Select(lambda => Definition.Compute(input, lambda)).ToList();
        var index = candidates.Count == 1 ? 0
            : Tuning == LambdaTuning.Slope ? LambdaTuner.Slope(candidates)
            : LambdaTuner.MeanSquaredError(input.Episodes, Definition.NeedsValues ? input.Values : null, Definition.Shrinkage!, Lambdas);
        return (candidates[index], Lambdas[index]);
    }

    static double Lambda(string text, EstimatorDefinition definition, string number) =>
        double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var lambda) && lambda >= 0 && lambda <= definition.LargestLambda
            && (lambda > 0 || definition.Shrinkage is not null)
            ? lambda
            : throw EvaluateThrow.EstimatorOption(text, definition.LargestLambda, hasLambda: true, definition.Shrinkage is not null);
}

/// <summary>How a lambda is chosen among candidates.</summary>
enum LambdaTuning
{
    /// <summary><see cref="LambdaTuner.Slope"/>.</summary>
    Slope,

    /// <summary><see cref="LambdaTuner.MeanSquaredError"/>.</summary>
    MeanSquaredError,
}
