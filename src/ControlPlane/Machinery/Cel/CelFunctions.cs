using Dataplane.ControlPlane.Machinery.Cel.Library;

namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>
/// The functions of an expression: the standard ones, and the libraries kube-apiserver adds (strings, lists, sets, regular
/// expressions, URLs, IP addresses, quantities, optionals).
/// </summary>
internal static class CelFunctions
{
    private static readonly Dictionary<string, CelOverload[]> ByName =
        new IEnumerable<CelOverload>[]
            {
                Operators.All, Conversions.All, Texts.All, Lists.All, Times.All, Networks.All, Quantities.All, Optionals.All,
            }
            .SelectMany(library => library)
            .GroupBy(overload => overload.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);

    public static bool Exists(string name) => ByName.ContainsKey(name);

    /// <summary>Overloads of a name that are called this way with so many values, the value before the dot included.</summary>
    public static IEnumerable<CelOverload> Find(string name, bool isMember, int values) =>
        ByName.TryGetValue(name, out var overloads)
            ? overloads.Where(overload => overload.IsMember == isMember && overload.Parameters.Count == values)
            : [];
}
