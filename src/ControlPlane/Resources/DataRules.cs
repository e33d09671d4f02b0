using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What ConfigMaps and Secrets have in common: keys that can be files, and a bound for all of it.</summary>
internal static class DataRules
{
    /// <summary>Of all values together.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <returns>Bytes of all values.</returns>
    public static int CheckKeys(IReadOnlyDictionary<string, string> data, string field, FieldErrors errors, bool base64)
    {
        var size = 0;
        foreach (var (key, value) in data)
        {
            errors.Rule($"{field}[{key}]", key, ValueRules.ConfigKey(key));
            size += base64 ? (value.Length / 4 * 3) - (value.EndsWith("==", StringComparison.Ordinal) ? 2 : value.EndsWith('=') ? 1 : 0) : value.Length;
        }

        return size;
    }
}
