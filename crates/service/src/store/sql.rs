//! Statements that are put together: the text names parameters, the values travel apart from it.

use super::row::Value;
use crate::list::Operand;
use strongroom_core::clock::Timestamp;

/// A statement's parameters, in the order in which they were named.
#[derive(Default)]
pub(super) struct Sql {
    bound: Vec<Operand>,
    /// Which of them are the present.
    times: Vec<usize>,
}

impl Sql {
    pub(super) fn operand(&mut self, operand: &Operand) -> String {
        self.bound.push(operand.clone());
        format!("${}", self.bound.len())
    }

    pub(super) fn int(&mut self, value: i64) -> String {
        self.operand(&Operand::Int(value))
    }

    /// The present, which passes.
    pub(super) fn now(&mut self, now: Timestamp) -> String {
        self.times.push(self.bound.len());
        self.int(now.as_micros())
    }

    /// The values without the present: the same for the same question, whenever it is asked.
    pub(super) fn timeless(&self) -> Vec<Operand> {
        let of_time = |at: &usize| self.times.contains(at);
        let kept = self.bound.iter().enumerate().filter(|(at, _)| !of_time(at));
        kept.map(|(_, operand)| operand.clone()).collect()
    }

    pub(super) fn text(&mut self, value: &str) -> String {
        self.operand(&Operand::Text(value.to_owned()))
    }

    /// A list for `IN`; an empty one matches nothing, as no id is 0.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let mut padded = values.to_vec();
        padded.resize(values.len().max(1).next_power_of_two(), values.last().copied().unwrap_or(0));
        padded.into_iter().map(|value| self.int(value)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn values(&self) -> Vec<Value<'_>> {
        self.bound
            .iter()
            .map(|operand| match operand {
                Operand::Int(value) => Value::Int(*value),
                Operand::Bool(value) => Value::Bool(*value),
                Operand::Text(value) => Value::Text(value),
            })
            .collect()
    }
}

pub(super) const TRUE: &str = "1 = 1";
pub(super) const FALSE: &str = "(1 = 0)";
