using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Tables;

/// <summary>meta.k8s.io Tables: the rows kubectl prints.</summary>
internal sealed class TableRenderer
{
    private readonly ResourceDescriptor _descriptor;
    private readonly TimeProvider _time;
    private readonly string _includeObject;

    /// <exception cref="StatusException">An includeObject nobody knows.</exception>
    public TableRenderer(ApiRequest request, TimeProvider time)
    {
        _descriptor = request.Descriptor;
        _time = time;
        _includeObject = request.Query["includeObject"].ToString() switch
        {
            "" => "Metadata",
            ("Metadata" or "Object" or "None") and var known => known,
            var other => throw StatusException.BadRequest(
                $"includeObject: Unsupported value: \"{other}\": supported values: \"Metadata\", \"None\", \"Object\""),
        };
    }

    public JsonObject Table(IEnumerable<StoredObject> objects, Revision revision, string? continueToken, long? remaining)
    {
        var table = Envelope(ResponseWriter.ListMetadata(revision, continueToken, remaining), withColumns: true);
        table["rows"] = new JsonArray([.. objects.Select(Row)]);
        return table;
    }

    /// <summary>The table of one watch event; only a watch's first one carries the columns.</summary>
    public JsonObject EventTable(StoredObject obj, bool withColumns)
    {
        var table = Envelope(new JsonObject { ["resourceVersion"] = obj.Modified.ToString() }, withColumns);
        table["rows"] = new JsonArray(Row(obj));
        return table;
    }

    /// <summary>A bookmark in the shape of a table.</summary>
    public JsonObject BookmarkTable(JsonObject bookmark, bool withColumns)
    {
        var table = Envelope(new JsonObject { ["resourceVersion"] = bookmark.Text("metadata", "resourceVersion") }, withColumns);
        var partial = new JsonObject
        {
            ["kind"] = "PartialObjectMetadata",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = bookmark.Metadata().DeepClone(),
        };
        table["rows"] = new JsonArray(new JsonObject { ["cells"] = new JsonArray([.. _descriptor.Columns.Select(_ => (JsonNode?)null)]), ["object"] = partial });
        return table;
    }

    private JsonObject Envelope(JsonObject metadata, bool withColumns) => new()
    {
        ["kind"] = "Table",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = metadata,
        ["columnDefinitions"] = withColumns ? new JsonArray([.. _descriptor.Columns.Select(Column)]) : null,
    };

    private static JsonObject Column(TableColumn column) => new()
    {
        ["name"] = column.Name,
        ["type"] = column.Type,
        ["format"] = column.Format,
        ["description"] = column.Description,
        ["priority"] = column.Priority,
    };

    private JsonObject Row(StoredObject stored)
    {
        var obj = stored.Document();
        var row = new JsonObject { ["cells"] = _descriptor.Cells(obj, _time.GetUtcNow()) };
        switch (_includeObject)
        {
            case "Metadata":
                row["object"] = PartialMetadata.Of(stored);
                break;
            case "Object":
                row["object"] = obj;
                break;
        }

        return row;
    }
}
