namespace OfflineRL.Train;

/// <summary>What a mixture is made of: distributions whose parameters can be laid against each other's.</summary>
interface ILocationScale : IActionDistribution
{
    /// <summary>The same with one more leading axis, of length 1, at a place counted from the back of the parameters' axes [*, A].</summary>
    ILocationScale Unsqueeze(long dimension);
}
