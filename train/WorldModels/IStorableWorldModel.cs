namespace OfflineRL.Train.WorldModels;

/// <summary>A world model that a run stores, and that can be made again from what it stored.</summary>
public interface IStorableWorldModel : IWorldModel
{
    /// <summary>What it was made for.</summary>
    WorldModelShape Shape { get; }

    /// <summary>K: models side by side that can disagree; 1: it cannot say how unsure it is.</summary>
    int Members { get; }

    /// <summary>Every tensor of the model, by the name that files give it.</summary>
    /// <param name="prefix">What each name begins with.</param>
    internal IEnumerable<NamedTensor> NamedTensors(string prefix = "");
}
