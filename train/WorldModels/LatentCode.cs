namespace OfflineRL.Train.WorldModels;

/// <summary>Which numbers of a latent state stand for what is drawn from the posterior.</summary>
/// <param name="First">The first of them, from 0; the others follow it.</param>
/// <param name="Variables">How many variables they are.</param>
/// <param name="Classes">1: each variable is a number with a normal distribution. Above: each is one of so many classes, as a one-hot vector.</param>
public sealed record LatentCode(int First, int Variables, int Classes);
