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

    /// <summary>How far what dreams in the model, or plans through it, is to trust it.</summary>
    LimitsRule LimitsRule => new(null, null, 1, ModelConfig.HorizonError, ModelConfig.ErrorHorizons[^1]);

    /// <summary>Whether the next step dreams, by limits that are to be measured just before it.</summary>
    bool NeedsLimits => false;

    /// <summary>The limits that its dreams keep to; null: not measured yet, or it does not dream. Part of its state.</summary>
    DreamLimits? Limits
    {
        get => null;
        set { }
    }

    /// <summary>What is to be said of how it learns, once; null: nothing.</summary>
    string? TakeNotice() => null;

    /// <summary>What the model's states are worth to the policy, with its tensors as files name them; null: nothing was learned of it, or not yet.</summary>
    (LatentValueDescription Description, IReadOnlyList<NamedTensor> Tensors)? Value => null;

    /// <summary>Whether <see cref="ILearner.PolicyNetwork"/> is there; false: the model is all that is learned.</summary>
    bool HasPolicy { get; }
}
