using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Ingresses: stored for an ingress controller to follow.</summary>
internal sealed class IngressResource : ResourceDescriptor
{
    private const int ShownHosts = 3;

    public override ResourceNames Names { get; } =
        new("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress", Namespaced: true) { ShortNames = ["ing"] };

    public override string SchemaName => "networking.Ingress";

    public override string StoragePrefix => "/registry/ingress/";

    public override bool HasStatus => true;

    public override bool TracksGeneration => true;

    public override bool IsCollected => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Class"), new("Hosts"), new("Address"), new("Ports"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), TableCell.OrNone(obj.Text("spec", "ingressClassName")), Hosts(obj), Addresses(obj),
        obj.Array("spec", "tls") is { Count: > 0 } ? "80, 443" : "80", TableCell.Age(obj, now),
    ];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var backend = obj.Object("spec", "defaultBackend");
        if (backend is null && !obj.Objects("spec", "rules").Any())
        {
            errors.InvalidRaw("spec", "null", "either `defaultBackend` or `rules` must be specified");
        }

        if (backend is not null)
        {
            Backend(backend, "spec.defaultBackend", errors);
        }

        var rule = 0;
        foreach (var item in obj.Objects("spec", "rules"))
        {
            var field = $"spec.rules[{rule++}].http.paths";
            if (item.Object("http") is { } http && !http.Objects("paths").Any())
            {
                errors.Required(field);
            }

            var index = 0;
            foreach (var path in item.Objects("http", "paths"))
            {
                Path(path, $"{field}[{index++}]", errors);
            }
        }
    }

    private static void Path(JsonObject path, string field, FieldErrors errors)
    {
        switch (path.Text("pathType"))
        {
            case null:
                errors.Required($"{field}.pathType", "pathType must be specified");
                break;
            case "Exact" or "Prefix":
                if (path.Text("path") is not ['/', ..])
                {
                    errors.Invalid($"{field}.path", path.Text("path") ?? "", "must be an absolute path");
                }

                break;
            case var type and not "ImplementationSpecific":
                errors.NotSupported($"{field}.pathType", type, "Exact", "ImplementationSpecific", "Prefix");
                break;
        }

        Backend(path.Object("backend") ?? [], $"{field}.backend", errors);
    }

    private static void Backend(JsonObject backend, string field, FieldErrors errors)
    {
        var service = backend.Object("service");
        if (service is not null && backend.Object("resource") is not null)
        {
            errors.InvalidRaw(field, "\"\"", "cannot set both resource and service backends");
            return;
        }

        if (service is null)
        {
            if (backend.Object("resource") is null)
            {
                errors.Required(field, "resource or service backend is required");
            }

            return;
        }

        if (service.Text("name") is null or "")
        {
            errors.Required($"{field}.service.name");
        }

        switch (service.Text("port", "name"), service.Integer("port", "number"))
        {
            case (null or "", null or 0):
                errors.Required($"{field}.service.port", "port name or number is required");
                break;
            case ({ Length: > 0 }, not (null or 0)):
                errors.InvalidRaw($"{field}.service.port", "\"\"", "cannot set both port name & port number");
                break;
            case (_, { } number and (< 0 or > 65535)):
                errors.Invalid($"{field}.service.port.number", number, "must be between 1 and 65535, inclusive");
                break;
        }
    }

    private static string Hosts(JsonObject obj)
    {
        var hosts = obj.Objects("spec", "rules").Select(rule => rule.Text("host") is { Length: > 0 } host ? host : "*").Distinct().ToList();
        return hosts.Count switch
        {
            0 => "*",
            > ShownHosts => $"{string.Join(",", hosts.Take(ShownHosts))} + {hosts.Count - ShownHosts} more...",
            _ => string.Join(",", hosts),
        };
    }

    private static string Addresses(JsonObject obj) =>
        string.Join(",", obj.Objects("status", "loadBalancer", "ingress").Select(entry => entry.Text("ip") ?? entry.Text("hostname")));
}
