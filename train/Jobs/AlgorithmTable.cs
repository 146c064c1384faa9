using OfflineRL.Datasets;
using OfflineRL.Train.Algorithms;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Train;

/// <summary>The algorithms by the name that the config gives them: their section, and how a learner of each is made.</summary>
static class AlgorithmTable
{
    /// <param name="Name">The value of <c>algorithm</c>, and the key of its section.</param>
    /// <param name="Section">Its settings in a config.</param>
    /// <param name="With">The config with other settings in that section.</param>
    /// <param name="Create">A learner with the settings of its section.</param>
    internal sealed record Row(
        string Name,
        Func<TrainConfig, LearnerConfig> Section,
        Func<TrainConfig, LearnerConfig, TrainConfig> With,
        Func<TrainConfig, LearnerSetup, ILearner> Create);

    static readonly Row[] Rows =
    [
        new("dqn", c => c.Dqn, (c, s) => c with { Dqn = (DqnConfig)s }, (c, setup) => new Dqn(c.Dqn, setup)),
        new("c51", c => c.C51, (c, s) => c with { C51 = (C51Config)s }, (c, setup) => new C51(c.C51, setup)),
        new("qr_dqn", c => c.QrDqn, (c, s) => c with { QrDqn = (QrDqnConfig)s }, (c, setup) => new QrDqn(c.QrDqn, setup)),
        new("iqn", c => c.Iqn, (c, s) => c with { Iqn = (IqnConfig)s }, (c, setup) => new Iqn(c.Iqn, setup)),
        new("rainbow", c => c.Rainbow, (c, s) => c with { Rainbow = (RainbowConfig)s }, (c, setup) => new Rainbow(c.Rainbow, setup)),
        new("nfq", c => c.Nfq, (c, s) => c with { Nfq = (NfqConfig)s }, (c, setup) => new Nfq(c.Nfq, setup)),
        new("rem", c => c.Rem, (c, s) => c with { Rem = (RemConfig)s }, (c, setup) => new Rem(c.Rem, setup)),
        new("discrete_cql", c => c.DiscreteCql, (c, s) => c with { DiscreteCql = (DiscreteCqlConfig)s }, (c, setup) => new DiscreteCql(c.DiscreteCql, setup)),
        new("discrete_bcq", c => c.DiscreteBcq, (c, s) => c with { DiscreteBcq = (DiscreteBcqConfig)s }, (c, setup) => new DiscreteBcq(c.DiscreteBcq, setup)),
        new("discrete_iql", c => c.DiscreteIql, (c, s) => c with { DiscreteIql = (DiscreteIqlConfig)s }, (c, setup) => new DiscreteIql(c.DiscreteIql, setup)),
        new("discrete_crr", c => c.DiscreteCrr, (c, s) => c with { DiscreteCrr = (DiscreteCrrConfig)s }, (c, setup) => new DiscreteCrr(c.DiscreteCrr, setup)),
        new("reinforce", c => c.Reinforce, (c, s) => c with { Reinforce = (ReinforceConfig)s }, (c, setup) => new Reinforce(c.Reinforce, setup)),
        new("actor_critic", c => c.ActorCritic, (c, s) => c with { ActorCritic = (ActorCriticConfig)s }, (c, setup) => new ActorCritic(c.ActorCritic, setup)),
        new("a2c", c => c.A2c, (c, s) => c with { A2c = (A2cConfig)s }, (c, setup) => new A2c(c.A2c, setup)),
        new("ppo", c => c.Ppo, (c, s) => c with { Ppo = (PpoConfig)s }, (c, setup) => new Ppo(c.Ppo, setup)),
        new("trpo", c => c.Trpo, (c, s) => c with { Trpo = (TrpoConfig)s }, (c, setup) => new Trpo(c.Trpo, setup)),
        new("marwil", c => c.Marwil, (c, s) => c with { Marwil = (MarwilConfig)s }, (c, setup) => new Marwil(c.Marwil, setup)),
        new("awr", c => c.Awr, (c, s) => c with { Awr = (AwrConfig)s }, (c, setup) => new Awr(c.Awr, setup)),
        new("mpo", c => c.Mpo, (c, s) => c with { Mpo = (MpoConfig)s }, (c, setup) => new Mpo(c.Mpo, setup)),
        new("bc", c => c.Bc, (c, s) => c with { Bc = (BcConfig)s }, (c, setup) => setup.ActionUnits is null ? new BehaviorCloning(c.Bc, setup) : new GaussianCloning(c.Bc, setup)),
        new("importance_pg", c => c.ImportancePg, (c, s) => c with { ImportancePg = (ImportancePgConfig)s }, (c, setup) => new ImportancePolicyGradient(c.ImportancePg, setup)),
        new("vtrace", c => c.Vtrace, (c, s) => c with { Vtrace = (VtraceConfig)s }, (c, setup) => new Vtrace(c.Vtrace, setup)),
        new("acer", c => c.Acer, (c, s) => c with { Acer = (AcerConfig)s }, (c, setup) => new Acer(c.Acer, setup)),
        new("vae_dreamer", c => c.VaeDreamer, (c, s) => c with { VaeDreamer = (VaeDreamerConfig)s }, (c, setup) => new VaeDreamer(c.VaeDreamer, c.WorldModel, setup)),
        new("dreamer", c => c.Dreamer, (c, s) => c with { Dreamer = (DreamerConfig)s }, (c, setup) => new Dreamer(c.Dreamer, c.WorldModel, setup)),
        new("world_models", c => c.WorldModels, (c, s) => c with { WorldModels = (ControllerEvolutionConfig)s }, (c, setup) => new ControllerEvolution(c.WorldModels, c.WorldModel, setup)),
        new("bandit_policy", c => c.BanditPolicy, (c, s) => c with { BanditPolicy = (BanditPolicyConfig)s }, (c, setup) => new BanditPolicy(c.BanditPolicy, setup)),
        new("world_model", c => c.WorldModel, (c, s) => c with { WorldModel = (WorldModelConfig)s }, (c, setup) => new WorldModel(c.WorldModel, setup)),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. Rows.Select(row => row.Name)];

    /// <summary>The row of the config's algorithm, whose name was checked.</summary>
    public static Row Of(TrainConfig config) => Rows.First(row => row.Name == config.Algorithm);

    /// <summary>The config with everything in its algorithm's section filled in that the dataset decides.</summary>
    public static TrainConfig Resolve(TrainConfig config, TrainingData data)
    {
        var row = Of(config);
        var section = row.Section(config);
        var returns = section is CategoricalConfig { Low: null } or CategoricalConfig { High: null } ? ReturnRange.Of(data, SeedTraining.Settings(config)) : default;
        var encoder = ObservationEncoder.Of(data.Info.ObservationSpace, config.Replay.FrameStack);
        if (section is DreamingConfig { Gradient: DreamingConfig.Auto } dreaming)
            section = dreaming with { Gradient = data.Info.ActionSpace is DiscreteSpace ? DreamingConfig.ScoreFunction : DreamingConfig.Pathwise };
        if (section.LearnsModel)
            config = config with { WorldModel = (WorldModelConfig)config.WorldModel.Resolve(encoder.FeatureSpace, returns) };
        if (section.StandardizesObservations && config.Normalization.Observations == "none" && data.Info.ObservationSpace is BoxSpace { ElementType: ElementType.Float32 })
            config = config with { Normalization = config.Normalization with { Observations = "standardize" } };

        return row.With(config, section.Resolve(encoder.FeatureSpace, returns));
    }
}
