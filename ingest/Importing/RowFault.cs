namespace OfflineRL.Ingest;

/// <summary>Why a row cannot be taken.</summary>
/// <param name="Column">The source's column.</param>
/// <param name="Found">What stands there; null: to be looked up in the source.</param>
/// <param name="Expected">What should.</param>
readonly record struct RowFault(string Column, string? Found, string Expected);
