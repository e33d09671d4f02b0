using System.Collections;

namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>A map of the language: keys are booleans, integers and strings, and a number is one key whatever its type.</summary>
internal sealed class CelMap : IEnumerable<KeyValuePair<object, object?>>
{
    private readonly Dictionary<object, object?> _entries = [];

    public int Count => _entries.Count;

    public IEnumerable<object> Keys => _entries.Keys;

    /// <exception cref="CelException">The key is there already, or may be none.</exception>
    public void Add(object? key, object? value)
    {
        if (Normal(key) is not { } normal)
        {
            throw new CelException($"unsupported key type: {CelValue.TypeName(key)}");
        }

        if (!_entries.TryAdd(normal, value))
        {
            throw new CelException($"Failed with repeated key: {key}");
        }
    }

    public bool TryGet(object? key, out object? value)
    {
        value = null;
        return Normal(key) is { } normal && _entries.TryGetValue(normal, out value);
    }

    public IEnumerator<KeyValuePair<object, object?>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static object? Normal(object? key) => key switch
    {
        bool or string or long => key,
        ulong number when number <= long.MaxValue => (long)number,
        ulong => key,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1L << 62 => (long)number,
        _ => null,
    };
}
