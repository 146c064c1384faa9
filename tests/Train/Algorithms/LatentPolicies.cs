using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Algorithms;

namespace OfflineRL.Tests.Train.Algorithms;

/// <summary>Policies over latent states as a run stores them, of learners that no job made.</summary>
static class LatentPolicies
{
    public static IReadOnlyList<NamedTensor> Tensors(ILearner learner) =>
        [.. learner.PolicyNetwork.NamedTensors(), .. learner.PolicyLatent!.Value.Tensors.Select(t => t with { Name = "latent." + t.Name })];

    public static PolicyDescription Describe(ILearner learner, string algorithm, Space observations, Space actions) => new()
    {
        Name = algorithm,
        Algorithm = algorithm,
        ObservationSpace = observations,
        ActionSpace = actions,
        Network = learner.PolicyNetwork.Description,
        Latent = learner.PolicyLatent!.Value.Description,
        Temperature = learner.PolicyTemperature,
        Dataset = "none",
        ContentHash = "none",
        Run = "none",
        Seed = 0,
        Step = 1,
        ToolVersion = "none",
    };
}
