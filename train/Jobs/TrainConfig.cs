using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.Tabular;
using OfflineRL.Train.Sampling;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Train;

/// <summary>Everything that decides what a training run does. Written, resolved, into the run folder before the first step.</summary>
public sealed record TrainConfig : IValidatable
{
    /// <summary>
    /// Dataset to learn from: <c>NAME</c>, <c>NAME-vN</c>, or the path of a dataset or of a folder of compiled columns; or several that every batch
    /// draws from by weight: <c>NAME=SHARE,NAME=SHARE</c>. Required.
    /// </summary>
    public string Dataset { get; init; } = "";

    /// <summary>Name of the run below <c>runs/</c>; empty: dataset and algorithm, such as <c>cartpole-v1-dqn</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>Which learner, by the key of its section below. The default value is <c>dqn</c>.</summary>
    public string Algorithm { get; init; } = "dqn";

    /// <summary>Part of the dataset's split to learn from. The default value is <c>train</c>.</summary>
    public string Split { get; init; } = "train";

    /// <summary>What learners see instead of the stored numbers.</summary>
    public NormalizationConfig Normalization { get; init; } = new();

    /// <summary>In which order stored data reaches the learner, and from where.</summary>
    public ReplayConfig Replay { get; init; } = new();

    /// <summary>Gradient steps for each seed; for tabular methods, batches of transitions taken one by one. The default value is 10,000.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>Transitions a step. The default value is 64.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary><c>auto</c> (a GPU where there is one), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>. The default value is <c>auto</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Seeds and ranges of seeds, trained one after the other as one job: <c>0..4</c>, <c>[0, 7, 10..12]</c>. The default value is 0.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = ["0"];

    /// <summary>Steps between stored policies; the last step always stores one. The default value is 1,000.</summary>
    public int PolicyPeriodSteps { get; init; } = 1_000;

    /// <summary>Steps between checkpoints, of which the last two are kept. The default value is 1,000.</summary>
    public int CheckpointPeriodSteps { get; init; } = 1_000;

    /// <summary>Steps between lines of metrics, each the mean over ten steps spread evenly since the line before. The default value is 100.</summary>
    public int LogPeriodSteps { get; init; } = 100;

    /// <summary>Threads of one tensor operation on the CPU; more than one rarely helps nets of this size. The default value is 1.</summary>
    public int Threads { get; init; } = 1;

    public GuardConfig Guard { get; init; } = new();

    public DqnConfig Dqn { get; init; } = new();

    public C51Config C51 { get; init; } = new();

    public QrDqnConfig QrDqn { get; init; } = new();

    public IqnConfig Iqn { get; init; } = new();

    public RainbowConfig Rainbow { get; init; } = new();

    public NfqConfig Nfq { get; init; } = new();

    public RemConfig Rem { get; init; } = new();

    public DiscreteCqlConfig DiscreteCql { get; init; } = new();

    public DiscreteBcqConfig DiscreteBcq { get; init; } = new();

    public DiscreteIqlConfig DiscreteIql { get; init; } = new();

    public DiscreteCrrConfig DiscreteCrr { get; init; } = new();

    public ReinforceConfig Reinforce { get; init; } = new();

    public ActorCriticConfig ActorCritic { get; init; } = new();

    public A2cConfig A2c { get; init; } = new();

    public PpoConfig Ppo { get; init; } = new();

    public TrpoConfig Trpo { get; init; } = new();

    public MarwilConfig Marwil { get; init; } = new();

    public AwrConfig Awr { get; init; } = new();

    public MpoConfig Mpo { get; init; } = new();

    public BcConfig Bc { get; init; } = new();

    public ImportancePgConfig ImportancePg { get; init; } = new();

    public VtraceConfig Vtrace { get; init; } = new();

    public AcerConfig Acer { get; init; } = new();

    public BanditPolicyConfig BanditPolicy { get; init; } = new();

    public WorldModelConfig WorldModel { get; init; } = new();

    public VaeDreamerConfig VaeDreamer { get; init; } = new();

    public DreamerConfig Dreamer { get; init; } = new();

    public ControllerEvolutionConfig WorldModels { get; init; } = new();

    public ValueIterationConfig ValueIteration { get; init; } = new();

    public PolicyIterationConfig PolicyIteration { get; init; } = new();

    public PolicyEvaluationConfig PolicyEvaluation { get; init; } = new();

    public MonteCarloConfig MonteCarlo { get; init; } = new();

    public TemporalDifferenceConfig Td { get; init; } = new();

    public SarsaConfig Sarsa { get; init; } = new();

    public ExpectedSarsaConfig ExpectedSarsa { get; init; } = new();

    public TabularQLearningConfig QLearning { get; init; } = new();

    public IEnumerable<string> Validate()
    {
        if (Dataset.Length == 0)
            yield return "dataset is not set; name one, for example with --dataset cartpole.";
        if (Name.AsSpan().ContainsAny('/', '\\') || Name.StartsWith('.'))
            yield return $"name is '{Name}'; expected a plain name without slashes that does not start with a dot.";
        string[] algorithms = [.. AlgorithmTable.Names, .. TabularTable.Names];
        if (!algorithms.Contains(Algorithm))
            yield return $"algorithm is '{Algorithm}', which is none.{NearestName.Hint(Algorithm, algorithms)}";
        foreach (var (key, value) in new[]
        {
            ("steps", Steps), ("batch_size", BatchSize), ("policy_period_steps", PolicyPeriodSteps),
            ("checkpoint_period_steps", CheckpointPeriodSteps), ("log_period_steps", LogPeriodSteps), ("threads", Threads),
        })
        {
            if (value < 1)
                yield return $"{key} is {value}; expected at least 1.";
        }

        if (!DeviceChoice.IsWellFormed(Device))
            yield return $"device is '{Device}'; expected auto, cpu, cuda or cuda:N.";
        if (SeedList.Fault(Seeds) is { } fault)
            yield return fault;
    }
}
