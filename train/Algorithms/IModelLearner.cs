using OfflineRL.Train.WorldModels;

namespace OfflineRL.Train.Algorithms;

/// <summary>A learner with a model of the environment, which a run stores beside its policies, if it has any, and whose errors it measures on held-out episodes.</summary>
interface IModelLearner : ILearner
{
    /// <summary>The model as it is now; the learner's.</summary>
    IStorableWorldModel Model { get; }

    /// <summary>Section <c>world_model</c>, resolved: how its errors are measured, and, of a model of the lectures, what it is made of.</summary>
    WorldModelConfig ModelConfig { get; }

    /// <summary>What makes the model again.</summary>
    WorldModelParts Parts => new();

    /// <summary>Whether <see cref="ILearner.PolicyNetwork"/> is there; false: the model is all that is learned.</summary>
    bool HasPolicy { get; }
}
