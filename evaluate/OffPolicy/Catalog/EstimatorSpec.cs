using System.Globalization;

namespace OfflineRL.Evaluate;

/// <summary>What a config calls an estimator: <c>NAME</c>, or <c>NAME?lambda=L</c> or <c>NAME?tune=mse</c> where it has a lambda.</summary>
/// <param name="Text">As the user wrote it; the table's name of it.</param>
/// <param name="Definition">What it names.</param>
/// <param name="Lambda">Null: none, or tuned.</param>
/// <param name="Tuning">How a lambda is found where none is given.</param>
sealed record EstimatorSpec(string Text, EstimatorDefinition Definition, double? Lambda, LambdaTuning Tuning)
{
    /// <summary>Parses one name.</summary>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">No such estimator, or an option it does not have.</exception>
    public static EstimatorSpec Parse(string text)
    {
        var question = text.IndexOf('?', StringComparison.Ordinal);
        var definition = EstimatorCatalog.Find(question < 0 ? text : text[..question]);
        if (question < 0)
            return new(text, definition, null, LambdaTuning.Slope);
        var option = text[(question + 1)..].Split('=');
        if (definition.Lambdas.Count == 0 || option.Length != 2)
            throw EvaluateThrow.EstimatorOption(text, definition.Lambdas.Count > 0);
        return option switch
        {
            ["tune", "slope"] => new(text, definition, null, LambdaTuning.Slope),
            ["tune", "mse"] => new(text, definition, null, LambdaTuning.MeanSquaredError),
            ["lambda", var number] when double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var lambda)
                && lambda >= 0 && lambda <= definition.LargestLambda => new(text, definition, lambda, LambdaTuning.Slope),
            _ => throw EvaluateThrow.EstimatorOption(text, true),
        };
    }

    /// <summary>Those that a config names; where it names none, those that are usual for the log and for what is given.</summary>
    /// <exception cref="OfflineRL.Datasets.UserErrorException">One does not apply; the message says why and what does.</exception>
    public static IReadOnlyList<EstimatorSpec> Choose(IReadOnlyList<string> names, LogTraits log)
    {
        if (names.Count == 0)
        {
            var usual = EstimatorCatalog.All.Where(log.Suggests).Select(d => new EstimatorSpec(d.Name, d, null, LambdaTuning.Slope)).ToList();
            return usual.Count > 0 ? usual : throw EvaluateThrow.UnknownPropensities(log.Dataset);
        }

        var specs = names.Select(Parse).ToList();
        foreach (var spec in specs)
            log.Require(spec);
        return specs;
    }
}

/// <summary>How a lambda is chosen among candidates.</summary>
enum LambdaTuning
{
    /// <summary>The one of least variance whose interval agrees with those of more variance (Su, Srinath and Krishnamurthy 2020).</summary>
    Slope,

    /// <summary>The least estimated squared bias plus variance (Su et al. 2020, "Doubly robust off-policy evaluation with shrinkage").</summary>
    MeanSquaredError,
}
