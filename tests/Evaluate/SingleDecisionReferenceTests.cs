using System.Globalization;
using System.Text.Json;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

/// <summary>Every estimator of single decisions on columns stored by Open Bandit Pipeline 0.5.5, against its numbers.</summary>
public class SingleDecisionReferenceTests
{
    // The names there, without lambda, and ours.
    static readonly Dictionary<string, string> Names = new()
    {
        ["dm"] = "dm", ["ipw"] = "ips", ["snipw"] = "snips", ["dr"] = "dr", ["sndr"] = "sndr", ["cipw"] = "clipped_ips", ["dr-ps"] = "clipped_dr",
        ["switch-dr"] = "switch_dr", ["dr-os"] = "dros", ["sg-ipw"] = "sg_ips", ["sg-dr"] = "sg_dr",
    };

    [Fact]
    public void Estimators_OnTheSyntheticLog_EqualStoredNumbers()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("bandit_synthetic_binary.json")));
        var (episodes, values) = Synthetic();
        var root = document.RootElement;
        var weights = WeightDiagnostics.Of(episodes);
        Same(root.GetProperty("ess").GetDouble(), weights.EffectiveSampleSize, "ess");
        Same(root.GetProperty("iw_mean").GetDouble(), weights.MeanWeight, "iw_mean");
        Same(root.GetProperty("iw_max").GetDouble(), weights.MaxWeight, "iw_max");
        Assert.Equal(39, CheckAll(root.GetProperty("estimates"), episodes, values));
    }

    [Theory]
    [InlineData("random_to_bts", "random", "bts", "logistic_regression")]
    [InlineData("random_to_bts", "random", "bts", "random_forest")]
    [InlineData("bts_to_random", "bts", "random", "logistic_regression")]
    [InlineData("bts_to_random", "bts", "random", "random_forest")]
    public void Estimators_OnTheOpenBanditRows_EqualStoredNumbers(string file, string behavior, string evaluation, string regression)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("obd_men.json")));
        var stored = document.RootElement.GetProperty("cases").EnumerateArray().Single(c =>
            c.GetProperty("behavior").GetString() == behavior && c.GetProperty("evaluation").GetString() == evaluation && c.GetProperty("regression").GetString() == regression);
        var (columns, rows) = Table($"obd_men_{file}_rows.csv");
        var episodes = Episodes(rows.Select(r => r[columns["reward"]]), rows.Select(r => r[columns["pi_e"]]), rows.Select(r => r[columns["pscore"]]));
        var values = new ValueColumns(rows.Select(r => r[columns["qhat_action_" + regression]]).ToArray(), rows.Select(r => r[columns["qhat_pi_" + regression]]).ToArray());
        Same(stored.GetProperty("ess").GetDouble(), WeightDiagnostics.Of(episodes).EffectiveSampleSize, "ess");
        Assert.Equal(39, CheckAll(stored.GetProperty("estimates"), episodes, values));
        // The candidates that it was tuned among are not stored; the value at the chosen one is.
        foreach (var name in (string[])["switch-dr", "dr-os"])
        {
            var tuned = stored.GetProperty("estimates").GetProperty(name + "_tuned");
            var text = FormattableString.Invariant($"{Names[name]}?lambda={tuned.GetProperty("best_lambda").GetDouble()}");
            Same(tuned.GetProperty("value").GetDouble(), Compute(text, episodes, values).Statistic.Value, text);
        }
    }

    [Theory]
    [InlineData("ipw", "10;5;2;1")]
    [InlineData("dr", "10;5;2;1")]
    [InlineData("switch-dr", "10;5;2;1;0.5")]
    [InlineData("dr-os", "100;10;5;2;1;0.5")]
    [InlineData("sg-ipw", "0.001;0.01;0.05;0.1;0.5")]
    [InlineData("sg-dr", "0.001;0.01;0.05;0.1;0.5")]
    public void Tuning_OnTheSyntheticLog_ChoosesTheStoredLambdas(string name, string lambdas)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("bandit_synthetic_binary.json")));
        var (episodes, values) = Synthetic();
        var estimates = document.RootElement.GetProperty("estimates");
        var ours = name switch { "ipw" => "cipw", "dr" => "dr-ps", _ => name };
        CheckTuned(estimates.GetProperty(name + "_tuned_slope"), ours, lambdas, "slope", episodes, values);
        CheckTuned(estimates.GetProperty(name + "_tuned_mse"), ours, lambdas, "mse", episodes, values);
    }

    [Theory]
    [InlineData("ipw")]
    [InlineData("dr")]
    public void Bounds_OnTheSyntheticLog_EqualStoredNumbers(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("bandit_synthetic_binary.json")));
        var stored = document.RootElement.GetProperty("bounds").GetProperty(name);
        var (episodes, values) = Synthetic();
        var statistic = name == "ipw" ? SingleDecisionEstimators.InverseProbability(episodes) : DoublyRobustEstimators.DoublyRobust(episodes, values, 1);
        Same(stored.GetProperty("round_mean").GetDouble(), statistic.Value, "mean");
        var range = stored.GetProperty("round_max").GetDouble();
        Same(range, statistic.Terms!.Max(), "max");
        // Stored are one-sided bounds at 0.05, which are the lower ends of two-sided intervals at 0.9.
        Same(stored.GetProperty("hoeffding_lower_delta0.05").GetDouble(), MeanIntervals.Hoeffding(statistic, range, 0.9).Low, "hoeffding");
        Same(stored.GetProperty("bernstein_lower_delta0.05").GetDouble(), MeanIntervals.EmpiricalBernstein(statistic, range, 0.9).Low, "bernstein");
        Same(stored.GetProperty("student_t_lower_delta0.05").GetDouble(), MeanIntervals.StudentT(statistic, 0.9).Low, "student_t");
    }

    /// <summary>All stored names that have a definition; returns how many.</summary>
    static int CheckAll(JsonElement estimates, LoggedEpisodes episodes, ValueColumns values)
    {
        var count = 0;
        foreach (var estimate in estimates.EnumerateObject().Where(e => !e.Name.Contains("tuned", StringComparison.Ordinal)))
        {
            var parts = estimate.Name.Split("_lambda=");
            var text = Names[parts[0]] + (parts.Length > 1 ? $"?lambda={parts[1]}" : "");
            Same(estimate.Value.GetProperty("value").GetDouble(), Compute(text, episodes, values).Statistic.Value, estimate.Name);
            count++;
        }

        return count;
    }

    static void CheckTuned(JsonElement stored, string name, string lambdas, string tune, LoggedEpisodes episodes, ValueColumns values)
    {
        var (statistic, lambda) = Compute($"{Names[name]}?lambdas={lambdas}&tune={tune}", episodes, values);
        Assert.Equal(stored.GetProperty("best_lambda").GetDouble(), lambda);
        Same(stored.GetProperty("value").GetDouble(), statistic.Value, name);
    }

    static (EpisodeStatistic Statistic, double? Lambda) Compute(string text, LoggedEpisodes episodes, ValueColumns values) =>
        EstimatorSpec.Parse(text).Compute(new EstimatorInput(new OpeLog(null!, null!, episodes, 1, ValueHorizon.Finite), null!, values, null!));

    static void Same(double stored, double actual, string name) =>
        Assert.True(Math.Abs(actual - stored) <= 1e-9 * Math.Abs(stored), $"{name}: {actual:R} where {stored:R} is stored");

    static (LoggedEpisodes Episodes, ValueColumns Values) Synthetic()
    {
        var (columns, rows) = Table("bandit_synthetic_binary.csv");
        double Of(double[] row, string start) => row[columns[start + (int)row[columns["action"]]]];
        var values = new ValueColumns(
            rows.Select(r => Of(r, "qhat_")).ToArray(),
            rows.Select(r => Enumerable.Range(0, 5).Sum(a => r[columns[$"pi_e_{a}"]] * r[columns[$"qhat_{a}"]])).ToArray());
        return (Episodes(rows.Select(r => r[columns["reward"]]), rows.Select(r => Of(r, "pi_e_")), rows.Select(r => r[columns["pscore"]])), values);
    }

    static LoggedEpisodes Episodes(IEnumerable<double> rewards, IEnumerable<double> evaluation, IEnumerable<double> behavior)
    {
        var r = rewards.ToArray();
        return LoggedEpisodes.Create(Enumerable.Range(0, r.Length + 1).ToArray(), r, evaluation.Select(p => Math.Log(p)).ToArray(), behavior.Select(p => Math.Log(p)).ToArray());
    }

    static (Dictionary<string, int> Columns, double[][] Rows) Table(string file)
    {
        var lines = File.ReadAllLines(ReferenceFiles.Ope(file));
        return (
            lines[0].Split(',').Select((name, index) => (name, index)).ToDictionary(c => c.name, c => c.index),
            lines.Skip(1).Select(line => line.Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture)).ToArray()).ToArray());
    }
}
