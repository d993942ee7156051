import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/** A topic in windows as Flink SQL has them: "kind key start end count sum", a line each, in milliseconds of the epoch. */
public class Windows {
  public static void main(String[] args) throws Exception {
    String brokers = args[0], topic = args[1], disorder = args[2], size = args[3], slide = args[4], gap = args[5];
    TableEnvironment flink = TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().build());
    flink.getConfig().set("parallelism.default", "1");
    flink.getConfig().set("table.local-time-zone", "UTC");
    // A watermark after every event, so that what is late does not depend on the clock.
    flink.executeSql(
        "CREATE TABLE ev (k STRING, v BIGINT, ts BIGINT, et AS TO_TIMESTAMP_LTZ(ts, 3),"
            + " WATERMARK FOR et AS et - INTERVAL '" + disorder + "' SECOND) WITH ('connector' = 'kafka',"
            + " 'topic' = '" + topic + "', 'properties.bootstrap.servers' = '" + brokers + "',"
            + " 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset',"
            + " 'scan.watermark.emit.strategy' = 'on-event', 'format' = 'json')");
    Map<String, String> kinds =
        Map.of(
            "tumbling", "TUMBLE(TABLE ev, DESCRIPTOR(et), INTERVAL '" + size + "' SECOND)",
            "sliding", "HOP(TABLE ev, DESCRIPTOR(et), INTERVAL '" + slide + "' SECOND, INTERVAL '" + size + "' SECOND)",
            "session", "SESSION(TABLE ev PARTITION BY k, DESCRIPTOR(et), INTERVAL '" + gap + "' SECOND)");
    for (String kind : new String[] {"tumbling", "sliding", "session"}) {
      String query =
          "SELECT k, window_start, window_end, COUNT(*), SUM(v) FROM TABLE(" + kinds.get(kind)
              + ") GROUP BY k, window_start, window_end";
      try (CloseableIterator<Row> rows = flink.executeSql(query).collect()) {
        while (rows.hasNext()) {
          Row row = rows.next();
          System.out.println(
              kind + " " + row.getField(0) + " " + millis(row.getField(1)) + " " + millis(row.getField(2))
                  + " " + row.getField(3) + " " + row.getField(4));
        }
      }
    }
    System.out.println("done");
  }

  private static long millis(Object time) {
    return ((LocalDateTime) time).toInstant(ZoneOffset.UTC).toEpochMilli();
  }
}
