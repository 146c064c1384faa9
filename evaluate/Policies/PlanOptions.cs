using System.Globalization;
using OfflineRL.Train.WorldModels.Planning;

namespace OfflineRL.Evaluate;

/// <summary>
/// <c>plan=random_shooting|cem|gradient[,horizon=H][,candidates=C][,iterations=N][,discount=G][,penalty=L][,value=on|off]</c>, of CEM <c>[,elites=SHARE][,momentum=M]</c>, of gradients <c>[,learning_rate=R][,relaxation=straight_through|softmax]</c>,
/// and <c>[,device=auto|cpu|cuda]</c>: how to plan through a world model.
/// </summary>
/// <param name="Config">What is not named is left to the model, or to the defaults.</param>
/// <param name="Device">Where.</param>
/// <param name="Text">The options as a suffix of a policy's name.</param>
public sealed record PlanOptions(PlanningConfig Config, string Device, string Text)
{
    const string Known = "plan, horizon, candidates, iterations, discount, penalty, value, elites, momentum, learning_rate, relaxation, device, seed";

    internal static PlanOptions Parse(string text, IEnumerable<(string Key, string Value)> options)
    {
        var (config, device) = (new PlanningConfig(), "auto");
        var written = new List<string>();
        foreach (var (key, value) in options)
        {
            if (key == "device")
            {
                device = value;
                continue;
            }

            config = key switch
            {
                "plan" => config with { Planner = value },
                "horizon" => config with { Horizon = PolicySpec.Whole(text, key, value) },
                "candidates" => config with { Candidates = PolicySpec.Whole(text, key, value) },
                "iterations" => config with { Iterations = PolicySpec.Whole(text, key, value) },
                "discount" => config with { Discount = PolicySpec.Number(text, key, value, 0, 1) },
                "penalty" => config with { Penalty = PolicySpec.Number(text, key, value, 0, 1e9) },
                "value" => config with { Value = value switch { "on" => true, "off" => false, _ => throw EvaluateThrow.PlanOption(text, $"value is '{value}'; expected on or off.") } },
                "elites" => config with { EliteShare = PolicySpec.Number(text, key, value, 0, 1) },
                "momentum" => config with { Momentum = PolicySpec.Number(text, key, value, 0, 1) },
                "learning_rate" => config with { LearningRate = PolicySpec.Number(text, key, value, 0, 1e9) },
                "relaxation" => config with { Relaxation = value },
                _ => throw EvaluateThrow.UnknownPolicyOption(text, key, Known),
            };
            written.Add(string.Create(CultureInfo.InvariantCulture, $",{key}={value}"));
        }

        if (config.Validate().FirstOrDefault() is { } fault)
            throw EvaluateThrow.PlanOption(text, fault);
        return new(config, device, string.Concat(written));
    }
}
