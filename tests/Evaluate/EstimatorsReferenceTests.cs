using System.Globalization;
using System.Text.Json;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

/// <summary>Numbers from an independent implementation that agrees with SCOPE-RL (see the reference folder's README).</summary>
public class EstimatorsReferenceTests
{
    [Theory]
    [InlineData("fixed", 3, "fixed_horizon", "estimates_with_true_time_dependent_Q")]
    [InlineData("episodic", 2, "episodic", "estimates_true_q_pad")]
    public void Estimators_OnReferenceTrajectories_EqualStoredNumbers(string file, int actions, string section, string estimates)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("sequential.json")));
        var parent = document.RootElement.GetProperty(section);
        var expected = parent.GetProperty(estimates);
        var discount = parent.GetProperty("gamma").GetDouble();
        var episodes = Read(file, actions);
        Assert.Equal(parent.GetProperty("n").GetInt32(), episodes.Count);

        Check("behavior_mean_return", Estimators.BehaviorReturn(episodes, discount).Value);
        Check("is", Estimators.ImportanceSampling(episodes, discount).Value);
        Check("wis", Estimators.WeightedImportanceSampling(episodes, discount).Value);
        Check("pdis", Estimators.PerDecisionImportanceSampling(episodes, discount).Value);
        Check("wpdis", Estimators.WeightedPerDecisionImportanceSampling(episodes, discount).Value);
        Check("is_std_err", Estimators.ImportanceSampling(episodes, discount).StandardError());
        Check("pdis_std_err", Estimators.PerDecisionImportanceSampling(episodes, discount).StandardError());
        var weights = WeightDiagnostics.Of(episodes);
        Check("ess_trajectory", weights.EffectiveSampleSize);
        Check("max_trajectory_weight", weights.MaxWeight);
        Check("mean_trajectory_weight", weights.MeanWeight);

        void Check(string name, double actual)
        {
            var stored = expected.GetProperty(name).GetDouble();
            Assert.True(Math.Abs(actual - stored) <= 1e-9 * Math.Abs(stored), $"{name}: {actual:R} where {stored:R} is stored");
        }
    }

    [Theory]
    [InlineData("fixed", 3, "fixed_horizon", "estimates_with_qhat_stationary_fqe_truncation_bootstrap", "")]
    [InlineData("fixed", 3, "fixed_horizon", "estimates_with_true_time_dependent_Q", "true_time_dependent_Q")]
    [InlineData("episodic", 2, "episodic", "estimates_fqe_q_pad", "")]
    [InlineData("episodic", 2, "episodic", "estimates_true_q_pad", "true_Q")]
    public void DoublyRobust_OnReferenceTrajectories_EqualsStoredNumbers(string file, int actions, string section, string estimates, string table)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("sequential.json")));
        var parent = document.RootElement.GetProperty(section);
        var expected = parent.GetProperty(estimates);
        var discount = parent.GetProperty("gamma").GetDouble();
        var (episodes, values) = (Read(file, actions), Values(file, actions, table.Length > 0 ? parent.GetProperty(table) : null));

        Check("dm_initial_state", DoublyRobustEstimators.DirectMethod(episodes, values).Value);
        Check("dr", DoublyRobustEstimators.DoublyRobust(episodes, values, discount).Value);
        Check("dr_recursive", DoublyRobustEstimators.DoublyRobust(episodes, values, discount).Value);
        Check("dr_std_err", DoublyRobustEstimators.DoublyRobust(episodes, values, discount).StandardError());
        Check("wdr", DoublyRobustEstimators.WeightedDoublyRobust(episodes, values, discount).Value);

        void Check(string name, double actual)
        {
            var stored = expected.GetProperty(name).GetDouble();
            Assert.True(Math.Abs(actual - stored) <= 1e-9 * Math.Abs(stored), $"{name}: {actual:R} where {stored:R} is stored");
        }
    }

    [Fact]
    public void WeightedEstimators_OnReferenceTrajectories_AreNotThoseOfRunningEpisodesOnly()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceFiles.Ope("sequential.json")));
        var parent = document.RootElement.GetProperty("episodic");
        var wrong = parent.GetProperty("estimates_fqe_q_alive");
        var (discount, truth) = (parent.GetProperty("gamma").GetDouble(), parent.GetProperty("true_value").GetDouble());
        var (episodes, values) = (Read("episodic", 2), Values("episodic", 2, null));
        var (wpdis, wdr) = (Estimators.WeightedPerDecisionImportanceSampling(episodes, discount), DoublyRobustEstimators.WeightedDoublyRobust(episodes, values, discount));
        Assert.True(Math.Abs(wrong.GetProperty("wpdis").GetDouble() - truth) > 4 * wpdis.StandardError());
        Assert.InRange(wpdis.Value, truth - (4 * wpdis.StandardError()), truth + (4 * wpdis.StandardError()));
        Assert.NotEqual(wrong.GetProperty("wdr").GetDouble(), wdr.Value, 2);
        // Without normalisation nothing tells the two apart.
        Assert.Equal(wrong.GetProperty("dr").GetDouble(), DoublyRobustEstimators.DoublyRobust(episodes, values, discount).Value, 1e-9);
    }

    [Theory]
    [InlineData("fixed", 3)]
    [InlineData("episodic", 2)]
    public void Estimators_WithOneProbabilityChanged_LeaveTheStoredNumbers(string file, int actions)
    {
        var (original, changed) = (Read(file, actions), Read(file, actions, changedRow: 0));
        foreach (var estimator in EstimatorsTests.All)
        {
            var value = estimator(original, 0.95).Value;
            Assert.True(Math.Abs(estimator(changed, 0.95).Value - value) > 1e-8 * Math.Abs(value));
        }
    }

    static LoggedEpisodes Read(string file, int actions, int changedRow = -1)
    {
        var (columns, rows) = Table($"seq_{file}_trajectories.csv");
        Assert.Equal(actions, columns.Keys.Count(name => name.StartsWith("pi_e_", StringComparison.Ordinal)));
        var first = Enumerable.Range(0, rows.Length).Where(i => rows[i][columns["t"]] == 0).Append(rows.Length).ToArray();
        return LoggedEpisodes.Create(
            first,
            rows.Select(row => row[columns["reward"]]).ToArray(),
            rows.Select((row, i) => Math.Log(row[columns[$"pi_e_{(int)row[columns["action"]]}"]] * (i == changedRow ? 1.5 : 1))).ToArray(),
            rows.Select(row => Math.Log(row[columns["pi_b"]])).ToArray());
    }

    /// <summary>The stored q of a row; or that of a table by state (and step), [S, A] or [T, S, A].</summary>
    static ValueColumns Values(string file, int actions, JsonElement? table)
    {
        var (columns, rows) = Table($"seq_{file}_trajectories.csv");
        var q = rows.Select(row => Enumerable.Range(0, actions).Select(a => Q(row, a)).ToArray()).ToArray();
        return new ValueColumns(
            rows.Select((row, i) => q[i][(int)row[columns["action"]]]).ToArray(),
            rows.Select((row, i) => Enumerable.Range(0, actions).Sum(a => row[columns[$"pi_e_{a}"]] * q[i][a])).ToArray());

        double Q(double[] row, int action)
        {
            if (table is not { } stored)
                return row[columns[$"qhat_{action}"]];
            var ofStep = stored[0][0].ValueKind == JsonValueKind.Array ? stored[(int)row[columns["t"]]] : stored;
            return ofStep[(int)row[columns["state"]]][action].GetDouble();
        }
    }

    static (Dictionary<string, int> Columns, double[][] Rows) Table(string file)
    {
        var lines = File.ReadAllLines(ReferenceFiles.Ope(file));
        return (
            lines[0].Split(',').Select((name, index) => (name, index)).ToDictionary(c => c.name, c => c.index),
            lines.Skip(1).Select(line => line.Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture)).ToArray()).ToArray());
    }
}
