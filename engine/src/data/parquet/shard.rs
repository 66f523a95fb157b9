//! One Parquet file: its rows in groups, read column by column.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, DataType};
use ::parquet::errors::Result as ParquetResult;
use ::parquet::file::reader::{FileReader, SerializedFileReader};

use super::columns::Columns;
use super::shard_file::ShardFile;
use crate::{Error, Result};

/// An open file, its images not read yet.
pub struct Shard {
    path: PathBuf,
    reader: SerializedFileReader<ShardFile>,
    columns: Columns,
    /// How many rows each group has.
    groups: Vec<usize>,
}

/// What a row says of its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    Number(i64),
    Name(String),
    Missing,
}

impl Shard {
    pub fn open(path: &Path) -> Result<Self> {
        let file = ShardFile::at(path).map_err(|error| Error::file(path, error))?;
        let reader = guarded(path, || SerializedFileReader::new(file))?;
        let columns = Columns::of(reader.metadata()).map_err(|told| Error::file(path, told))?;
        let rows = reader.metadata().row_groups().iter().map(|group| group.num_rows());
        let groups = rows.map(|rows| usize::try_from(rows).ok()).collect::<Option<_>>();
        let groups = groups.ok_or_else(|| Error::file(path, "tells of fewer than no rows"))?;
        Ok(Self { path: path.to_owned(), reader, columns, groups })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn groups(&self) -> &[usize] {
        &self.groups
    }

    /// Names of the classes by number, where the file tells them.
    pub fn class_names(&self) -> Option<&[String]> {
        self.columns.names.as_deref()
    }

    /// What every row says of its class; nothing if there is no such column.
    pub fn labels(&self) -> Result<Option<Vec<Label>>> {
        let Some(column) = self.columns.labels else { return Ok(None) };
        let mut labels = Vec::new();
        for (group, &rows) in self.groups.iter().enumerate() {
            let read = guarded(&self.path, || {
                let reader = self.reader.get_row_group(group)?.get_column_reader(column)?;
                read_labels(reader, rows)
            })?;
            self.check_rows(group, read.len(), rows)?;
            labels.extend(read);
        }
        Ok(Some(labels))
    }

    /// Opens the images of a group, from row `from` on.
    pub fn images(&self, group: usize, from: usize) -> Result<Images<'_>> {
        let reader = guarded(&self.path, || {
            let reader = self.reader.get_row_group(group)?;
            match reader.get_column_reader(self.columns.images)? {
                ColumnReader::ByteArrayColumnReader(mut reader) => {
                    reader.skip_records(from)?;
                    Ok(reader)
                }
                _ => Err(::parquet::errors::ParquetError::General("no column of bytes".into())),
            }
        })?;
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let full = schema.column(self.columns.images).max_def_level();
        Ok(Images { shard: self, group, full, reader })
    }

    fn check_rows(&self, group: usize, found: usize, told: usize) -> Result<()> {
        match found == told {
            true => Ok(()),
            false => {
                let message = format!("is cut short: group {group} has {found} of its {told} rows");
                Err(Error::file(&self.path, message))
            }
        }
    }
}

type Reader<T> = ColumnReaderImpl<T>;

/// The images of one group, read a few at a time.
pub struct Images<'a> {
    shard: &'a Shard,
    group: usize,
    /// The definition level of a row that has an image.
    full: i16,
    reader: Reader<::parquet::data_type::ByteArrayType>,
}

impl Images<'_> {
    /// The files of the next `count` images; nothing where a row has none.
    pub fn next(&mut self, count: usize) -> Result<Vec<Option<ByteArray>>> {
        let (full, reader) = (self.full, &mut self.reader);
        let images = guarded(&self.shard.path, || read_rows(reader, count, full))?;
        self.shard.check_rows(self.group, images.len(), count)?;
        Ok(images)
    }
}

fn read_labels(reader: ColumnReader, rows: usize) -> ParquetResult<Vec<Label>> {
    fn all<T: DataType>(
        mut reader: Reader<T>,
        rows: usize,
        label: impl Fn(T::T) -> Label,
    ) -> ParquetResult<Vec<Label>> {
        let read = read_rows(&mut reader, rows, 1)?;
        Ok(read.into_iter().map(|value| value.map_or(Label::Missing, &label)).collect())
    }
    match reader {
        ColumnReader::Int32ColumnReader(reader) => {
            all(reader, rows, |number| Label::Number(number.into()))
        }
        ColumnReader::Int64ColumnReader(reader) => all(reader, rows, Label::Number),
        ColumnReader::ByteArrayColumnReader(reader) => {
            all(reader, rows, |name| Label::Name(String::from_utf8_lossy(name.data()).into_owned()))
        }
        _ => Ok(vec![Label::Missing; rows]),
    }
}

/// The values of the next `count` rows, as many as there are. `full` is the definition level of a row
/// that has a value; columns without any have none to read.
fn read_rows<T: DataType>(
    reader: &mut Reader<T>,
    count: usize,
    full: i16,
) -> ParquetResult<Vec<Option<T::T>>> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    reader.read_records(count, Some(&mut levels), None, &mut values)?;
    let mut values = values.into_iter();
    match levels.is_empty() {
        true => Ok(values.map(Some).collect()),
        false => Ok(levels
            .into_iter()
            .map(|level| if level == full { values.next() } else { None })
            .collect()),
    }
}

/// What the crate says of a broken file, be it an error or a panic.
fn guarded<T>(path: &Path, read: impl FnOnce() -> ParquetResult<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Error::file(path, format!("cannot be read as Parquet: {error}"))),
        Err(_) => Err(Error::file(path, "is broken: what it holds is no Parquet")),
    }
}
