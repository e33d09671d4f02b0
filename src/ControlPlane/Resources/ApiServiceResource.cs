using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Definitions;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>
/// APIServices: one for each version of each group, made of what is served. All are this server's own; it passes no group on to
/// another, so there is nothing to write.
/// </summary>
/// <param name="served">The catalog as it is now.</param>
/// <param name="started">When the server began to serve.</param>
internal sealed class ApiServiceResource(Func<IReadOnlyList<ResourceDescriptor>> served, DateTimeOffset started) : ResourceDescriptor, IComputedObjects
{
    // Ranks of kube-apiserver: the core group first, groups of definitions last.
    private const long CoreRank = 18000;
    private const long BuiltInRank = 17000;
    private const long CustomRank = 1000;

    public override ResourceNames Names { get; } =
        new("apiregistration.k8s.io", "v1", "APIService", "apiservices", "apiservice", Namespaced: false) { Categories = ["api-extensions"] };

    public override string SchemaName => "apiregistration.APIService";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Service"), new("Available"), TableColumn.Age];

    public override IComputedObjects Computed => this;

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), "Local", obj.Objects("status", "conditions").First().Text("status") ?? "", TableCell.Age(obj, now)];

    public Task<IReadOnlyList<StoredObject>> ListAsync(string ns, ObjectFilter filter, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<StoredObject>>([.. All().Where(filter.Matches)]);

    public Task<StoredObject> GetAsync(string ns, string name, CancellationToken cancellation) =>
        Task.FromResult(All().FirstOrDefault(service => service.Name == name) ?? throw StatusException.NotFound(Names.Qualified, name));

    private IEnumerable<StoredObject> All() => served().Where(resource => resource != this)
        .GroupBy(resource => (resource.Names.Group, resource.Names.Version))
        .Select(version => Make(version.Key.Group, version.Key.Version, version.All(resource => resource.IsCustom), Rank(version.Key.Group, version.Key.Version)))
        .OrderBy(service => service.Name, StringComparer.Ordinal);

    /// <summary>The older versions of a group come after the newer ones.</summary>
    private long Rank(string group, string version) => 1 + served().Where(resource => resource.Names.Group == group)
        .Select(resource => resource.Names.Version).Distinct().Count(other => VersionOrder.Instance.Compare(other, version) < 0);

    private StoredObject Make(string group, string version, bool custom, long rank)
    {
        var name = $"{version}.{group}";
        var since = ObjectJson.Time(started);
        var metadata = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["kube-aggregator.kubernetes.io/automanaged"] = custom ? "true" : "onstart" } };
        var spec = new JsonObject { ["version"] = version, ["groupPriorityMinimum"] = group.Length == 0 ? CoreRank : custom ? CustomRank : BuiltInRank, ["versionPriority"] = rank };
        if (group.Length > 0)
        {
            spec["group"] = group;
        }

        var condition = new JsonObject
        {
            ["type"] = "Available",
            ["status"] = "True",
            ["reason"] = "Local",
            ["message"] = "Local APIServices are always available",
        };

        // Nobody knows here since when a definition has been served.
        if (!custom)
        {
            metadata["creationTimestamp"] = since;
            condition["lastTransitionTime"] = since;
        }

        var obj = new JsonObject { ["metadata"] = metadata, ["spec"] = spec, ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        return StoredObject.Create(Key("", name), Revision.None, Revision.None, StoredForm.Encode(this, obj));
    }
}
