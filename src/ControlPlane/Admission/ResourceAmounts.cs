using System.Text.Json.Nodes;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Admission;

/// <summary>Amounts of named resources: a container's requests, a quota's hard limits. In the order of their names.</summary>
internal sealed class ResourceAmounts : SortedDictionary<string, Quantity>
{
    public ResourceAmounts()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>Reads a map of quantities; what is no quantity is left out.</summary>
    public static ResourceAmounts Of(JsonObject? map)
    {
        var amounts = new ResourceAmounts();
        foreach (var (name, value) in map ?? [])
        {
            if (Quantity.TryParse(value?.ToString(), out var amount))
            {
                amounts[name] = amount;
            }
        }

        return amounts;
    }

    public void Add(ResourceAmounts other)
    {
        foreach (var (name, amount) in other)
        {
            this[name] = this.GetValueOrDefault(name) + amount;
        }
    }

    /// <summary>What is left after taking another away; nothing where that is less than nothing.</summary>
    public ResourceAmounts Less(ResourceAmounts other)
    {
        var rest = new ResourceAmounts();
        foreach (var (name, amount) in this)
        {
            var left = amount - other.GetValueOrDefault(name);
            rest[name] = left.Value < 0 ? default : left;
        }

        return rest;
    }

    /// <summary>The larger of both, resource by resource.</summary>
    public void RaiseTo(ResourceAmounts other)
    {
        foreach (var (name, amount) in other)
        {
            if (!TryGetValue(name, out var own) || own.Value < amount.Value)
            {
                this[name] = amount;
            }
        }
    }

    public ResourceAmounts Only(Func<string, bool> wanted)
    {
        var chosen = new ResourceAmounts();
        foreach (var (name, amount) in this)
        {
            if (wanted(name))
            {
                chosen[name] = amount;
            }
        }

        return chosen;
    }

    public JsonObject ToJson() => new(this.Select(entry => KeyValuePair.Create<string, JsonNode?>(entry.Key, entry.Value.Canonical())));

    /// <summary><c>cpu=2,memory=1Gi</c>, as refusals show amounts.</summary>
    public override string ToString() => string.Join(",", this.Select(entry => $"{entry.Key}={entry.Value.Canonical()}"));
}
