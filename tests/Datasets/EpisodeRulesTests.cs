using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class EpisodeRulesTests : IDisposable
{
    readonly TestWorkspace _workspace = new();
    readonly DatasetWriter _writer;

    public EpisodeRulesTests() => _writer = DatasetWriter.Create(_workspace.Workspace, "sample", new()
    {
        ObservationSpace = BoxSpace.Unbounded(2),
        ActionSpace = new DiscreteSpace(2),
        PropensitySource = PropensitySource.Logged,
        PropensityKind = PropensityKind.Probability,
        HasBehaviorProbabilities = true,
        HasActionMask = true,
    });

    public void Dispose()
    {
        _writer.Dispose();
        _workspace.Dispose();
    }

    [Fact]
    public void SoundEpisode_IsTaken()
    {
        Write();
        Assert.Equal(1, _writer.Episodes);
        Assert.Equal(2, _writer.Steps);
    }

    [Fact]
    public void NaNReward_IsRefused() => Refused("Episode 'k' of 'in.csv', step 1: reward is NaN; expected a finite number.", rewards: [0, double.NaN]);

    [Fact]
    public void InfiniteObservation_IsRefused() => Refused("step 1: observation is -Infinity at index 0", observations: [0, 0, float.NegativeInfinity, 0]);

    [Fact]
    public void RaggedObservation_IsRefused() => Refused("observation has 3 values; expected 2 steps of 2", observations: [0, 0, 0]);

    [Fact]
    public void ActionOutOfRange_IsRefused() => Refused("step 0: action is 2; expected 0 to 1", actions: [2, 0]);

    [Fact]
    public void EpisodeWithoutSteps_IsRefused() => Refused("reward has no steps", rewards: []);

    [Fact]
    public void EpisodeWithoutEnd_IsRefused() => Refused("ends neither terminated nor truncated", terminated: false);

    [Fact]
    public void PositiveLogProbability_IsRefused() => Refused("step 0: behavior_log_prob is 0.5", logProbabilities: [0.5, -1]);

    [Fact]
    public void ProbabilitiesThatDoNotSumToOne_AreRefused() => Refused("step 1: behavior_probs sums to 0.9", probabilities: [0.5, 0.5, 0.5, 0.4]);

    [Fact]
    public void NegativeProbability_IsRefused() => Refused("step 0: behavior_probs holds -0.5 for action 0", probabilities: [-0.5, 1.5, 0.5, 0.5]);

    [Fact]
    public void LogProbabilityThatDisagrees_IsRefused() => Refused("behavior_log_prob says 0.25", logProbabilities: [Math.Log(0.25), Math.Log(0.5)], probabilities: [0.5, 0.5, 0.5, 0.5]);

    [Fact]
    public void ActionThatTheMaskForbids_IsRefused() => Refused("step 1: action_mask does not allow action 0, which was taken", masks: [true, true, false, true]);

    [Fact]
    public void ProbabilityOfAForbiddenAction_IsRefused() =>
        Refused("which the mask does not allow", masks: [true, false, true, true], probabilities: [0.5, 0.5, 0.5, 0.5]);

    [Fact]
    public void Description_ThatContradictsItself_IsRefusedWithAllFaults()
    {
        DatasetDescription description = new()
        {
            ObservationSpace = BoxSpace.Unbounded(2),
            ActionSpace = BoxSpace.Unbounded(1),
            HasActionMask = true,
            PropensityKind = PropensityKind.Probability,
            InfoColumns = [new("Speed"), new("info_a", InfoType.Text, 2)],
        };
        string message = Assert.Throws<UserErrorException>(() => DatasetWriter.Create(_workspace.Workspace, "other", description)).Message;
        Assert.Contains("for discrete actions only", message, StringComparison.Ordinal);
        Assert.Contains("continuous actions have densities", message, StringComparison.Ordinal);
        Assert.Contains("'Speed' is not of the form", message, StringComparison.Ordinal);
        Assert.Contains("'info_a' of width 2", message, StringComparison.Ordinal);
    }

    void Refused(
        string expected, double[]? rewards = null, float[]? observations = null, int[]? actions = null, bool terminated = true,
        double[]? logProbabilities = null, double[]? probabilities = null, bool[]? masks = null)
    {
        UserErrorException error = Assert.Throws<UserErrorException>(() => Write(rewards, observations, actions, terminated, logProbabilities, probabilities, masks));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _writer.Episodes);
    }

    void Write(
        double[]? rewards = null, float[]? observations = null, int[]? actions = null, bool terminated = true,
        double[]? logProbabilities = null, double[]? probabilities = null, bool[]? masks = null) => _writer.WriteEpisode(new EpisodeColumns
        {
            Key = "k",
            BehaviorPolicy = "p",
            SourceFile = "in.csv",
            Observations = observations ?? [0, 0, 0, 0],
            DiscreteActions = actions ?? [0, 0],
            Rewards = rewards ?? [0, 0],
            Terminated = terminated,
            BehaviorLogProbabilities = logProbabilities,
            BehaviorProbabilities = probabilities,
            ActionMasks = masks,
        });
}
